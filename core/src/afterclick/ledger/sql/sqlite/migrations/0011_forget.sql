-- To erase a person: what was noted of calls that failed for one lead.
CREATE INDEX attempts_of_lead ON attempts (lead) WHERE lead IS NOT NULL;
