"""Formal proofs: claims about the components that hold for all inputs, checked by SymbiYosys; the components stay as they are."""
