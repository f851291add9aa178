"""The library: everything about the roadmap that would still be true without Airflow."""
