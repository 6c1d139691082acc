"""What the data means: events, leads, journeys, identities, fields. Pure: no I/O, no clock, no SQL."""
