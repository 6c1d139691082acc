"""HTTP in: a delivery is verified, decoded and durably stored, and only then answered."""
