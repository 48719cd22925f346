"""What the analyses see and select: reconstructed photons and tracks, one selection per search."""
