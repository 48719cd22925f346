"""ECL trigger: window, clusters, sums, decisions."""
