"""Global reconstruction logic: short and inner tracks, matching of sub-triggers, opening angles, counts."""
