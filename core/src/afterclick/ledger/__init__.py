"""The durable store, in which receiver, folding and syncing meet."""
