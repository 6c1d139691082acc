"""Afterclick: deep-link attribution, kept up to date in the CRM.

The way of the data is the way through the folders: `receiver` verifies and stores deliveries,
`folding` turns events into leads, `syncing` brings leads into the CRMs. They meet only in the
`ledger`.
"""

__version__ = "0.1.0"
