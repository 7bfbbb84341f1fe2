"""Every measure with its formula and source: what the report prints, and docs/compare.md repeats."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFINITIONS", "Definition"]


@dataclass(frozen=True)
class Definition:
    """A measure: name, symbol, formula, meaning, and where it comes from."""

    name: str
    symbol: str
    formula: str
    meaning: str
    source: str


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "solved",
        "s",
        "optimal, or feasible with |x - b| / max(|x|, 1e-9) <= gap tolerance, or infeasible; and not refuted",
        "The run proved its answer. A run whose claim a plan refutes is not solved, whatever it says.",
        "Mittelmann's benchmarks count wrong answers as failures, too",
    ),
    Definition(
        "mean time",
        "SGM",
        "exp(mean of log(t + shift)) - shift",
        "Shifted geometric mean of the seconds to the proof: over the seeds of each instance, then over the "
        "instances. An unsolved run stands in it with the time limit T; how many do is told beside it. The shift "
        "keeps tiny instances from ruling.",
        "Achterberg (2007), appendix A.3; Mittelmann's benchmarks",
    ),
    Definition(
        "ratio",
        "SGM ratio",
        "exp(mean of log((t + shift) / (t_ref + shift)))",
        "Mean time over that of the reference variant, on the same instances and seeds; below 1 is faster.",
        "Achterberg & Wunderling (2013)",
    ),
    Definition(
        "PAR-10",
        "PAR10",
        "mean of (t if solved, else 10 T)",
        "Mean time with a penalty of ten time limits for each unsolved run.",
        "Hutter, Hoos & Stützle (2007); Bischl et al. (2016), ASlib",
    ),
    Definition(
        "virtual best",
        "VBS",
        "per instance, the least mean over its seeds of any variant",
        "What a perfect choice of the variant would reach. Chosen after averaging over seeds: the best of single "
        "runs would be rewarded for luck.",
        "Achterberg & Wunderling (2013) on variability; Bischl et al. (2016)",
    ),
    Definition(
        "gap to best known, best found, best bound",
        "γ",
        "(x - r) / max(|x|, |r|); 0 if x = r; 1 or -1 if the signs differ; infinity without a plan",
        "Distance of the objective x to the best plan known before, to the best plan of all runs, and to the largest "
        "bound that nothing refutes. Below 0: the plan improves on the best known one.",
        "Berthold (2013), with a sign",
    ),
    Definition(
        "own proven gap",
        "g",
        "|x - b| / max(|x|, 1e-9); infinity without plan or bound, or if the bound is refuted",
        "What the run itself proved of its plan.",
        "the result file of jitopt",
    ),
    Definition(
        "first plan, time to target",
        "t1, tγ",
        "least t with a plan; least t with a plan of γ <= target; infinity if never",
        "The target refers to the better one of the best known and the best found plan.",
        "Aiex, Resende & Ribeiro (2007), time to target",
    ),
    Definition(
        "primal integral",
        "PI",
        "(1 / T) ∫ p(t) dt over [0, T]; p = 1 before the first plan, then γ of the best plan so far",
        "The mean gap over the time limit: 0 is the reference at once, 1 no plan. What was found last holds until T.",
        "Berthold (2013), divided by T",
    ),
    Definition(
        "primal-dual integral",
        "PDI",
        "(1 / T) ∫ q(t) dt over [0, T]; q = γ of plan to bound, 1 while one is missing or if the signs differ",
        "The same for the gap between plan and bound: it needs no reference. Told of variants that have bounds.",
        "Berthold (2013); SCIP's primal-dual integral",
    ),
    Definition(
        "quantiles",
        "q",
        "per instance the median over its seeds, then the quantile over instances (Hyndman & Fan, definition 2)",
        "Infinity is a value like any other: a median of 'no plan' says that half of the instances have none.",
        "Hyndman & Fan (1996)",
    ),
    Definition(
        "performance profile",
        "ρ(τ)",
        "share of instances with t / min over variants of t <= τ, same seed; t = infinity if unsolved",
        "At τ = 1 the share on which a variant is fastest, at the right end the share it solves. With more than two "
        "variants it does not rank the second and the third: see the pairwise profiles.",
        "Dolan & Moré (2002)",
    ),
    Definition(
        "pairwise profile",
        "ρ(τ)",
        "the performance profile of two variants alone, on all they share",
        "The only performance profile from which two variants may be ranked.",
        "Gould & Scott (2016)",
    ),
    Definition(
        "data profile",
        "d(t)",
        "share of instances with a plan of γ <= target within t seconds",
        "The share brought within the target by a budget of time; seconds stand for their function evaluations.",
        "Moré & Wild (2009)",
    ),
    Definition(
        "accuracy profile",
        "a(γ)",
        "share of instances whose last plan has a gap of at most γ to the reference",
        "How good the plans are at the end of the time limit.",
        "Beiranvand, Hare & Lucet (2017)",
    ),
    Definition(
        "wins, ties, losses",
        "w, =, l",
        "per instance the sign of (seeds won - seeds lost)",
        "Times within 5 % or 0.01 s, objectives within 1e-6 max(1, |x|, |y|) and primal integrals within 0.001 of each "
        "other are ties; solved beats unsolved, a plan beats none, two unsolved runs are a tie.",
        "Demšar (2006)",
    ),
    Definition(
        "sign test",
        "p",
        "P(at most min(w, l), or at least max(w, l), of w + l fair coins)",
        "Exact and two-sided, over instances; ties say nothing. 'p, Holm' is corrected for the number of comparisons "
        "by the same measure in the group.",
        "Dixon & Mood (1946); Holm (1979)",
    ),
    Definition(
        "intervals and bands",
        "[ , ]",
        "percentiles of resampled instances and, within each, resampled seeds",
        "Percentile bootstrap. Bands are pointwise: they hold at each abscissa, not for the whole curve. Of few "
        "instances they say little, and nothing of instances of another kind.",
        "Efron & Tibshirani (1993); Davison & Hinkley (1997), section 3.8",
    ),
)
