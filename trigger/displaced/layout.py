"""What the displaced-vertex trigger answers per event, field by field; per vertex: `trigger.fields.VERTEX_FIELDS`."""

from trigger.ecl.layout import DecisionField


def _field(name: str, width: int, meaning: str) -> DecisionField:
    return DecisionField(name=f"displaced_{name}", length=1, width=width, signed=False, meaning=meaning)


DECISION_FIELDS = (
    _field("dvt", 1, "a displaced vertex of two tracks"),
    _field("dvt_ecl", 1, "a displaced vertex with a track that leads to a cluster"),
    _field("overflow", 1, "segments, seeds, tracks or candidates beyond the caps were lost"),
    _field("n_seeds", 16, "seeds found, also those beyond the cap"),
    _field("n_tracks", 8, "tracks with a line in z"),
)
