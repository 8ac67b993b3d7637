"""An LSTM learns a chaotic series and continues it by itself.

    python examples/lstm.py [--steps 600] [--pictures DIR]

The series is that of Mackey and Glass (1977), the number of blood cells that a body makes with a delay:
dx/dt = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x(t), here one value every three days. The network sees values one after the other
and says the next; fed with what it said, it goes on alone. It is compared with a linear model and with saying what was last.
"""

import argparse
import time
from pathlib import Path

import wengert as torch
import wengert.nn.functional as F
from progress import Progress
from wengert import nn

DELAY, EVERY, H = 17.0, 3.0, 0.1  # days: of the equation, between values, of a step of the integration
WARM = 100  # values that the network sees before its predictions count
LAGS = 20  # values that the linear model sees


def mackey_glass(count):
    """`count` values after the first transient, with mean 0 and standard deviation 1, shape (count,)."""
    lag, stride = round(DELAY / H), round(EVERY / H)
    x = [1.2] * (lag + 1)
    for _ in range((count + 200) * stride):
        past = x[-lag - 1]
        x.append(x[-1] + H * (0.2 * past / (1 + past**10) - 0.1 * x[-1]))
    values = torch.tensor(x[::stride][-count:])
    return (values - values.mean()) / values.std()


class Forecast(nn.Module):
    """(N, L) values to (N, L) values that follow them; state is what the LSTM carries from one call to the next."""

    def __init__(self, hidden=64):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, values, state=None):
        output, state = self.lstm(values.unsqueeze(2), state)
        return self.head(output).squeeze(2), state


def train(net, series, steps, length=80, batch=32):
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    losses = []
    progress = Progress(range(steps), unit="step")
    for _ in progress:
        starts = torch.randint(len(series) - length, (batch, 1))
        windows = series[starts + torch.arange(length + 1)]
        said, _ = net(windows[:, :-1])
        loss = F.mse_loss(said[:, 20:], windows[:, 21:])  # the first ones are said before there is anything to go by
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
        progress.note(f"root mean square {loss.item() ** 0.5:.5f}")
    return losses


def linear(series):
    """Weights (LAGS + 1,) of the linear model of least squares: the last values, and a constant."""
    seen = series.unfold(0, LAGS, 1)[:-1]
    seen = torch.cat([seen, torch.ones(len(seen), 1)], dim=1)
    return torch.linalg.lstsq(seen, series[LAGS:].unsqueeze(1)).solution.squeeze(1)


@torch.no_grad()
def continued(net, windows, count):
    """What the network says after each of the windows (N, L) for `count` values, fed with its own words, shape (N, count)."""
    said, state = net(windows)
    values = [said[:, -1:]]
    for _ in range(count - 1):
        said, state = net(values[-1], state)
        values.append(said)
    return torch.cat(values, dim=1)


def continued_linearly(weights, windows, count):
    values = windows
    for _ in range(count):
        values = torch.cat([values, values[:, -LAGS:] @ weights[:-1, None] + weights[-1]], dim=1)
    return values[:, -count:]


def root_mean_square(errors):
    return errors.square().mean().sqrt().item()


def draw(pictures, losses, errors, truth, net, straight):
    from wengert import viz

    viz.curves(losses, log="y", smooth=20, ylabel="mean square of the error", title="Training").save(pictures / "lstm-loss.svg")
    days = [EVERY * (i + 1) for i in range(len(truth))]
    viz.curves(
        {"the series": (days, truth), "LSTM, alone": (days, net), "linear model, alone": (days, straight)},
        xlabel="days after the last value seen",
        ylabel="x",
    ).save(pictures / "lstm-alone.svg")
    viz.curves(
        {name: (days, values) for name, values in errors.items()},
        xlabel="days after the last value seen",
        ylabel="root mean square of the error",
        log="y",
    ).save(pictures / "lstm-errors.svg")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=600, help="of the training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write the pictures there; needs matplotlib")
    options = parser.parse_args()
    torch.manual_seed(options.seed)

    series = mackey_glass(4000)
    training, testing = series[:3000], series[3000:]
    net = Forecast()
    print(f"{len(training)} values to learn from, {len(testing)} to be tested on")
    print(f"{sum(p.numel() for p in net.parameters()):,} parameters")
    started = time.perf_counter()
    losses = train(net, training, options.steps)
    print(f"{options.steps} steps in {time.perf_counter() - started:.1f} s")

    weights = linear(training)
    with torch.no_grad():
        said, _ = net(testing[None, :-1])
    seen = testing.unfold(0, LAGS, 1)[WARM - LAGS + 1 : -1]
    print("root mean square of the error, of the next value:")
    print(f"  LSTM    {root_mean_square(said[0, WARM:] - testing[WARM + 1 :]):.5f}")
    print(f"  linear  {root_mean_square(seen @ weights[:-1] + weights[-1] - testing[WARM + 1 :]):.5f}")
    print(f"  last    {root_mean_square(testing[WARM:-1] - testing[WARM + 1 :]):.5f}")

    count = 100
    windows = testing.unfold(0, WARM + count, 25)
    given, truth = windows[:, :WARM], windows[:, WARM:]
    alone, straight = continued(net, given, count), continued_linearly(weights, given, count)
    errors = {
        "LSTM": (alone - truth).square().mean(0).sqrt(),
        "linear model": (straight - truth).square().mean(0).sqrt(),
        "the last value": (given[:, -1:] - truth).square().mean(0).sqrt(),
    }
    print(f"alone, from {len(windows)} places, error after")
    for days in (30, 90, 150, 300):
        at = round(days / EVERY) - 1
        print(f"  {days:3} days: " + ", ".join(f"{name} {values[at].item():.4f}" for name, values in errors.items()))
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
        draw(options.pictures, losses, errors, truth[0], alone[0], straight[0])


if __name__ == "__main__":
    main()
