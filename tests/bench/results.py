"""What a subject has measured: samples per figure and server, and which rows are worth showing."""

import math
import statistics


class Results:
    """The samples of one subject; kept as JSON, so that tables can be made from it later."""

    def __init__(self, subject, title):
        self.subject, self.title = subject, title
        self.servers = []
        self.rows = []       # (figure, statistic): "median", "p99" or "largest"
        self.samples = {}    # figure -> server -> list of numbers
        self.failures = {}   # server -> why
        self.facts = {}      # what the table must be read with: sizes, counts

    def show(self, figure, *statistics_shown):
        for statistic in statistics_shown or ("median",):
            if [figure, statistic] not in self.rows:
                self.rows.append([figure, statistic])

    def add(self, server, figure, value):
        self.samples.setdefault(figure, {}).setdefault(server, []).append(value)

    def fail(self, server, error):
        """A server that fails is told of in the table; the others are measured all the same."""
        self.failures.setdefault(server, str(error).strip().splitlines()[0][:300])

    def value(self, figure, server, statistic="median"):
        """One number of the table, or None."""
        values = sorted(v for v in self.samples.get(figure, {}).get(server, [])
                        if not math.isnan(v))
        if not values:
            return None
        if statistic == "median":
            return statistics.median(values)
        if statistic == "largest":
            return values[-1]
        if statistic == "p99":
            return values[min(len(values) - 1, math.ceil(len(values) * 0.99) - 1)]
        raise ValueError(statistic)

    def to_json(self):
        return {key: getattr(self, key) for key in
                ("subject", "title", "servers", "rows", "samples", "failures", "facts")}

    @classmethod
    def from_json(cls, document):
        results = cls(document["subject"], document["title"])
        for key, value in document.items():
            setattr(results, key, value)
        return results
