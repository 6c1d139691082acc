-- Stubs: leads of which nothing but their journeys is known. They are few among the leads of an old ledger, and
-- looked through again and again for those whose time is over.
CREATE INDEX leads_nameless ON leads (id) WHERE joined_into IS NULL AND keys GLOB 'event:*';
