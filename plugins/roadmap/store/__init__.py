"""The roadmap's own database: tables, engine, migrations, SQL files."""
