"""The only code that drives pluggy: finding plugins, and calling one for one connection."""
