"""An emulator of Pipedrive's API: for tests, demonstrations and load, without an account.

It shares no code with the plugin's client, so that the two cannot share a mistake.
"""
