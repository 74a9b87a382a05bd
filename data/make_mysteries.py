"""Train the mysteries that are not set by hand, and measure what is said of all of them.

Run by ``make mysteries`` from the top of the repository (about an hour on 2 cores). Leaves, in
this folder, ``mysteries.npz``, the networks of five rules and 24 seeds; and ``mysteries.json``,
how often ``report`` names the truth, and how often ``check_reading`` finds what is false.
``--measure`` takes the networks that are there.

Thresholds were set on the seeds 0 to 3. What counts are the seeds 100 to 119, which nobody looked
at before.
"""

from __future__ import annotations

import json
import multiprocessing
import platform
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

import lstm_helpers as lh
from lstm_helpers.course import _mystery_training, mysteries
from lstm_helpers.course.drawn_readings import WAYS, drawn

HERE = Path(__file__).parent
CARD = HERE / "mysteries.json"
TUNED, UNSEEN = range(4), range(100, 120)
FIELDS = ("lags", "features", "units")


def named_rightly(case: mysteries.Mystery) -> dict[str, bool]:
    """Whether a report names each field of the truth."""
    named = lh.report(case.readout, case.inputs, case.targets, times=case.times).named
    units = named.units and tuple(unit for _, unit in named.units)
    found = (named.lags, named.features, units)
    return {
        field: of == getattr(case.truth, field) for field, of in zip(FIELDS, found, strict=True)
    }


def verdicts(case: mysteries.Mystery) -> Counter:
    """How often each verdict was given to readings of each way."""
    return Counter(
        (
            one.way,
            lh.check_reading(
                one.reading, case.readout, case.inputs, case.targets, one.others
            ).verdict,
        )
        for one in drawn(case)
    )


def of_one(place: tuple[str, int]) -> tuple[str, dict[str, bool], Counter]:
    """What is said of one mystery."""
    rule, seed = place
    case = mysteries.mystery(rule, seed, HERE)
    return rule, named_rightly(case), verdicts(case)


def measured(seeds: range) -> dict:
    """Over all rules and these seeds."""
    rightly: dict[str, Counter] = {rule: Counter() for rule in mysteries.RULES}
    said: Counter = Counter()
    places = [(rule, seed) for rule in mysteries.RULES for seed in seeds]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        for rule, right, found in tqdm(pool.map(of_one, places), "measuring", len(places)):
            rightly[rule].update(field for field in FIELDS if right[field])
            said.update(found)
    return {
        "seeds": [seeds[0], seeds[-1]],
        "report: names the truth": {
            rule: {field: counts[field] for field in FIELDS} for rule, counts in rightly.items()
        },
        "check_reading: verdicts": {
            way: {word: said[way, word] for word in ("holds", "fails", "cannot tell")}
            for way in (*WAYS, "honest")
        },
    }


def main() -> None:
    if "--measure" not in sys.argv[1:]:
        wanted = [(rule, seed) for seed in (*TUNED, *UNSEEN) for rule in mysteries.TRAINED]
        networks = {
            (rule, seed): _mystery_training.trained(rule, seed, mysteries.LEARNED[rule])
            for rule, seed in tqdm(wanted, desc="training")
        }
        np.savez_compressed(HERE / _mystery_training.STORE, **_mystery_training.store(networks))
    card = {
        "what": __doc__.splitlines()[0],
        "units": _mystery_training.UNITS,
        "windows": _mystery_training.WINDOWS,
        "epochs": _mystery_training.EPOCHS,
        "python": platform.python_version(),
        "unseen": measured(UNSEEN),
    }
    CARD.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
