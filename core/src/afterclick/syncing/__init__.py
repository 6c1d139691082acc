"""Leads reach the CRMs: one lane per connection, in batches of persons, paced, fenced and repeatable."""
