"""The embedded ledger: one SQLite file, one serving process, one connection that writes."""

from afterclick.ledger.sqlite.copies import backup, restore
from afterclick.ledger.sqlite.reader import SqliteReader
from afterclick.ledger.sqlite.store import SqliteLedger

__all__ = ["SqliteLedger", "SqliteReader", "backup", "restore"]
