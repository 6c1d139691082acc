"""Looking for what is wrong before it costs anything: setup, sources, ledger, accounts. Writes nothing."""
