"""The stamp of a result: plain JSON, the same for the same run, with everything that a reader needs to make it again."""

import hashlib
import json

import numpy

from sim.provenance import describe, file_digest, stamp, versions
from trigger import __version__


def test_stamp_is_plain_and_repeats():
    meta = stamp("generate", seed=5, digests={"parameters": "ab" * 32}, labels={"preset": "guess"}, source={"seed": 4})
    assert json.loads(json.dumps(meta)) == meta
    assert meta == stamp("generate", seed=5, digests={"parameters": "ab" * 32}, labels={"preset": "guess"}, source={"seed": 4})
    assert (meta["made_by"], meta["seed"], meta["source"]) == ("generate", 5, {"seed": 4})
    assert meta["versions"]["darktrigger"] == __version__
    assert meta["versions"]["numpy"] == numpy.__version__
    assert "source" not in stamp("generate")


def test_absent_package_is_said_to_be_absent():
    assert versions("no-such-distribution")["no-such-distribution"] == "not installed"


def test_digest_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_digest(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
    # Published value: FIPS 180-2, appendix B.1.
    assert file_digest(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")


def test_one_line_names_maker_seed_and_digests():
    line = describe(stamp("emulate", seed=5, digests={"input": "0123456789abcdef", "calibration": "f" * 64}))
    assert line == f"darktrigger {__version__} emulate; seed 5; calibration ffffffffffff, input 0123456789ab"
