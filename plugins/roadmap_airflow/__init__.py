"""The seam: knows Airflow and decides nothing. Tasks that DAGs put together, timetable, forms."""
