"""The 96-bit word: hand-worked words, every bit's place, both directions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trigger.ecl import EclTrigger, pack_word, unpack_word
from trigger.ecl.decision import empty_arrays
from trigger.ecl.layout import DECISION_FIELDS, WORD_FIELDS, Packing

PLACES = {
    # Published bit map: decision field, element, bit. Two more bits, 0 and 76, are the hit.
    **{("bhabha2d_type", k): 20 + k for k in range(14)},
    **{("lml", k): 62 + k for k in range(12)},
    **{("hie", k): 90 + k for k in range(3)},
    ("physics", 0): 18, ("bhabha2d", 0): 19, ("elow", 0): 47, ("ehigh", 0): 48, ("elum", 0): 49, ("overflow", 0): 60,
    ("bhabha3d_veto", 0): 61, ("bhabha3d_sel", 0): 74, ("mumu", 0): 75, ("burst", 0): 77, ("lml", 12): 78, ("lml", 13): 79,
    ("bhabha3d_intrack", 0): 86, ("taub2b", 0): 89, ("taub2b2", 0): 93, ("taub2b3", 0): 94, ("hie", 3): 95,
}  # fmt: skip
NUMBERS = {
    "timing": (1, 7), "timing_source": (15, 3), "ephys_adc": (34, 13), "icn": (50, 7), "bgveto": (57, 3),
    "timing_quality": (84, 2), "bhabha3d_theta": (87, 2),
}  # fmt: skip


def as_integer(words: np.ndarray) -> int:
    """The first event's word as one integer."""
    return sum(int(chunk) << 32 * k for k, chunk in enumerate(words[0]))


def one_event(**values: int | tuple[int, int]) -> dict[str, np.ndarray]:
    """Arrays of one event; a tuple is (element, value)."""
    arrays = empty_arrays(1)
    for name, value in values.items():
        if isinstance(value, tuple):
            arrays[f"ecl_{name}"][0, value[0]] = value[1]
        else:
            arrays[f"ecl_{name}"][0] = value
    return arrays


@pytest.mark.parametrize(("field", "bit"), PLACES.items())
def test_place_of_a_bit(field: tuple[str, int], bit: int) -> None:
    name, element = field
    arrays = one_event(**{name: (element, 1) if empty_arrays(1)[f"ecl_{name}"].ndim == 2 else 1})
    assert as_integer(pack_word(arrays)) == 1 << bit


@pytest.mark.parametrize(("name", "place"), NUMBERS.items())
def test_place_of_a_number(name: str, place: tuple[int, int]) -> None:
    low, width = place
    for value in (1, (1 << width) - 1):
        hit = {"hit": np.zeros(1, dtype=np.uint8)}
        assert as_integer(pack_word({**one_event(**{name: value}), **hit})) == value << low


def test_the_hit_sets_bits_0_and_76() -> None:
    assert as_integer(pack_word(one_event(etotal_adc=1))) == 1 | 1 << 76
    assert as_integer(pack_word(one_event())) == 0


def test_every_driven_bit_is_placed_once() -> None:
    """The map above and the two hit bits are all that the layout drives; 8..14 and 80..83 stay 0."""
    driven = {bit for f in WORD_FIELDS if f.packing is not Packing.ZERO for bit in range(f.low, f.low + f.width)}
    places = {0, 76, *PLACES.values(), *(low + k for low, width in NUMBERS.values() for k in range(width))}
    assert driven == places
    assert set(range(96)) - driven == {*range(8, 15), *range(80, 84)}


@pytest.mark.parametrize(("ephys_adc", "field"), [(8190, 8190), (8191, 8191), (8192, 8191), (2_031_120, 8191)])
def test_energy_saturates_at_13_bits(ephys_adc: int, field: int) -> None:
    word = unpack_word(pack_word(one_event(ephys_adc=ephys_adc)))
    assert word["ephys"][0] == field


@pytest.mark.parametrize(("time_raw", "field"), [(0, 0), (127, 127), (128, 0), (-1, 127), (-128, 0), (-127, 1), (300, 44)])
def test_time_keeps_its_low_seven_bits(time_raw: int, field: int) -> None:
    assert unpack_word(pack_word(one_event(timing=time_raw)))["timing"][0] == field


def test_icn_keeps_its_low_seven_bits() -> None:
    assert unpack_word(pack_word(one_event(icn=130)))["icn"][0] == 2


def test_word_of_a_single_barrel_cluster(cell, decide) -> None:
    """200 counts at theta id 8: hit, barrel, quality 2, physics, elow, ehigh, E_phys, ICN 1, hie1-4, lml6 and lml11.

    Its look-up factor is 10 or 11, so 1 GeV CM is 191 or 210 counts: cell (8,1) has 11, cell (8,18) has 10.
    """
    common = 1 | 2 << 15 | 1 << 18 | 200 << 34 | 1 << 47 | 1 << 48 | 1 << 50 | 1 << 73 | 1 << 76 | 1 << 79 | 2 << 84
    common |= 1 << 90 | 1 << 91 | 1 << 92 | 1 << 95
    for place, lml6 in (((8, 18), 1), ((8, 1), 0)):
        word = as_integer(np.array([decide({cell(*place): 200})["word"]], dtype=np.uint32))
        assert word == common | lml6 << 68


def test_word_of_a_bhabha(decide) -> None:
    """Cells 285 (theta 4, phi 18) and 509 (theta 12, phi 36), 2000 counts each.

    No 2D type holds this pair of rings; the 3D veto and selection do, and with them hie1, hie2 are off. phi ids 18 and 36 lie in
    opposite barrel quadrants.
    """
    word = as_integer(np.array([decide({285: 2000, 509: 2000})["word"]], dtype=np.uint32))
    low = 1 | 2 << 15 | 1 << 18 | 4000 << 34 | 7 << 47 | 2 << 50 | 3 << 57 | 1 << 61 | 1 << 63
    assert word == low | 1 << 74 | 1 << 76 | 1 << 77 | 2 << 84 | 1 << 86 | 3 << 87 | 1 << 92 | 1 << 95


def test_decisions_pack_and_unpack(reference) -> None:
    """Every field of 4,000 words gives back the decision that it was packed from, up to width."""
    decision = EclTrigger().run(reference["offsets"], reference["tc_id"], reference["adc"])
    assert np.array_equal(pack_word(decision.arrays()), decision.ecl_word)
    word, arrays = unpack_word(decision.ecl_word), {**decision.arrays(), "hit": reference["trg"]}
    for field in WORD_FIELDS:
        if field.packing is Packing.ZERO:
            assert not word[field.name].any()
            continue
        values = arrays[field.source].astype(np.int64)
        if field.element is not None:
            values = values[:, field.element]
        elif values.ndim == 2:
            values = (values << np.arange(values.shape[1])).sum(axis=1)
        largest = (1 << field.width) - 1
        values = np.minimum(values, largest) if field.packing is Packing.SATURATE else values & largest
        assert np.array_equal(word[field.name], values), field.name


@given(st.lists(st.integers(0, 2**96 - 1), max_size=5))
def test_fields_cover_the_word(values: list[int]) -> None:
    """Putting all unpacked fields back at their places gives the word again."""
    words = np.array([[v >> shift & 0xFFFFFFFF for shift in (0, 32, 64)] for v in values], dtype=np.uint32).reshape(-1, 3)
    fields = unpack_word(words)
    for i, value in enumerate(values):
        assert sum(int(fields[f.name][i]) << f.low for f in WORD_FIELDS) == value


@given(st.data())
def test_in_range_values_survive(data: st.DataObject) -> None:
    arrays = one_event()
    for field in DECISION_FIELDS:
        width = {f"ecl_{name}": width for name, (_, width) in NUMBERS.items()}.get(field.name, 1)
        if field.name in {f.source for f in WORD_FIELDS}:
            drawn = data.draw(st.lists(st.integers(0, (1 << width) - 1), min_size=field.length, max_size=field.length))
            arrays[field.name][0] = drawn if field.length > 1 else drawn[0]
    arrays["hit"] = np.array([data.draw(st.integers(0, 1))], dtype=np.uint8)
    word = unpack_word(pack_word(arrays))
    for place in WORD_FIELDS:
        if place.packing is not Packing.ZERO:
            source = arrays[place.source][0]
            if place.element is not None:
                source = source[place.element]
            elif np.ndim(source):
                source = sum(int(bit) << k for k, bit in enumerate(source))
            assert word[place.name][0] == source


@pytest.mark.parametrize("words", [np.zeros((2, 3), np.int32), np.zeros((2, 4), np.uint32), np.zeros(3, np.uint32)])
def test_wrong_words_are_refused(words: np.ndarray) -> None:
    with pytest.raises(ValueError, match="words must be uint32"):
        unpack_word(words)
