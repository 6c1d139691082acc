"""Events become leads."""
