"""What an operator sets: typed, documented, with every fault found at once."""
