"""RTL of the CDC track trigger."""
