"""What each workload may cost, and whether it does."""

import dataclasses

# How far a figure may be past its budget, or fall short of it before the budget should be lowered.
TOLERANCE = 0.05
# A call in twenty items is none: so few come from what a page or a round does, not an item.
CALLS_SLACK = 0.05

OVER, UNDER, KEPT, UNKNOWN = "OVER", "under: lower the budget", "kept", "NO BUDGET"


@dataclasses.dataclass(frozen=True)
class Cost:
    """An item's instructions in the program itself, and its calls into libraries."""

    instructions: float
    calls: float

    def rounded(self):
        """As it is committed."""
        return Cost(round(self.instructions, 1), round(self.calls, 3))


def verdict(measured, budget):
    """Whether one workload keeps its budget, which is None where it has none."""
    if budget is None:
        return UNKNOWN
    if (measured.instructions > budget.instructions * (1 + TOLERANCE)
            or measured.calls > budget.calls * (1 + TOLERANCE) + CALLS_SLACK):
        return OVER
    if (measured.instructions < budget.instructions * (1 - TOLERANCE)
            or measured.calls < budget.calls * (1 - TOLERANCE) - CALLS_SLACK):
        return UNDER
    return KEPT


def is_failure(found):
    return found in (OVER, UNKNOWN)


def table(measured, budgets):
    """The lines of a table of the costs in `measured` by workload, and of the budgets by workload."""
    lines = [f"{'workload':10} {'instructions':>12} {'budget':>9} {'ratio':>6} {'calls':>8} {'budget':>8}  verdict"]
    for name, cost in measured.items():
        budget = budgets.get(name)
        known = ((f"{budget.instructions:9,.1f}", f"{cost.instructions / budget.instructions:6.3f}",
                  f"{budget.calls:8.3f}") if budget else (f"{'–':>9}", f"{'–':>6}", f"{'–':>8}"))
        lines.append(f"{name:10} {cost.instructions:12,.1f} {known[0]} {known[1]} {cost.calls:8.3f} {known[2]}  "
                     f"{verdict(cost, budget)}")
    return lines
