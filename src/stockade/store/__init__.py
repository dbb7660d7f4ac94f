"""The reporter's database: what the chain says, and what was sent of it and answered.

types       columns that are exact on SQLite and on PostgreSQL
tables      facts, which are rebuilt from the chain, and submissions, which never are
opening     a store by its URL: migrated, guarded, and held by one process where one must hold it
migrations  alembic's steps from one version of the tables to the next, and the guards
"""

from stockade.store.opening import Store, StoreError, open_store

__all__ = ["Store", "StoreError", "open_store"]
