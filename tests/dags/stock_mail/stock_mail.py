"""A letter to two addressees by the provider's own operator (tests/dags/test_smtp_provider.py).

It says what our cluster policy (plugins/airflow_local_settings.py) asks of every DAG.
"""

from datetime import timedelta

from airflow.providers.smtp.operators.smtp import EmailOperator
from airflow.sdk import DAG

with DAG(
    "stock_mail",
    dag_display_name="Письмо средствами провайдера",
    doc_md="**Если что-то не так:** смотрите docs/decisions/0022.",
    schedule=None,
    tags=["500+"],
    max_active_runs=1,
):
    EmailOperator(
        task_id="mail",
        task_display_name="Письмо",
        to=["neya@example.org", "buy@example.org"],
        from_email="roadmap@example.org",
        subject="Report",
        html_content="<p>Report</p>",
        retries=1,
        retry_delay=timedelta(0),
        execution_timeout=timedelta(minutes=5),
    )
