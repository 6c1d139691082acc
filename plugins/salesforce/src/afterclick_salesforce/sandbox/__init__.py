"""An emulator of Salesforce's REST API: for tests, demonstrations and load, without an org."""
