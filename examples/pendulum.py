"""A physical model fitted to noisy measurements: the length and the damping of a pendulum, and how well they are known.

    python examples/pendulum.py [--steps 4] [--seconds 20] [--pictures DIR]

The angle of a damped pendulum obeys theta'' = -(g / length) sin(theta) - damping theta'. The equation is integrated with the
Runge-Kutta method of fourth order, in tensors, so that backward() goes through all of its steps; L-BFGS with a line search for the
strong Wolfe conditions finds the parameters that fit best, and the Hessian there tells their uncertainty.
"""

import argparse
from pathlib import Path

import wengert as torch
from progress import Progress

GRAVITY = 9.81  # m/s^2
TRUTH = {"length": 0.82, "damping": 0.15, "angle": 2.0, "velocity": 0.5}  # m, 1/s, rad, rad/s
UNITS = {"length": "m", "damping": "1/s", "angle": "rad", "velocity": "rad/s"}
NOISE = 0.05  # rad, the standard deviation of a measurement
EVERY = 0.1  # s between measurements
INNER = 2  # steps of the integrator from one measurement to the next


def slope(state, length, damping):
    angle, velocity = state
    return torch.stack([velocity, -GRAVITY / length * angle.sin() - damping * velocity])


def simulate(parameters, count):
    """The angles at the first `count` times of measurement, shape (count,)."""
    length, damping = parameters[:2]
    state, h = parameters[2:], EVERY / INNER
    angles = [state[0]]
    for _ in range(count - 1):
        for _ in range(INNER):
            k1 = slope(state, length, damping)
            k2 = slope(state + h / 2 * k1, length, damping)
            k3 = slope(state + h / 2 * k2, length, damping)
            k4 = slope(state + h * k3, length, damping)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        angles.append(state[0])
    return torch.stack(angles)


def measure(seconds):
    """What the experiment gives: the true motion and normally distributed errors."""
    count = round(seconds / EVERY) + 1
    exact = simulate(torch.tensor(list(TRUTH.values())), count)
    return exact + NOISE * torch.randn(count)


def fit(measured, steps):
    """The parameters of least squares, and the sum of squares of every evaluation.

    Over many swings a wrong length puts the model out of phase, and there are many minima. Over the first seconds there is one:
    the time span is doubled until it is the whole.
    """
    parameters = torch.tensor([1.0, 0.0, measured[0].item(), 0.0], requires_grad=True)
    spans = [len(measured)]
    while spans[0] > 20:
        spans.insert(0, spans[0] // 2)
    losses = []
    progress = Progress([count for count in spans for _ in range(steps)], unit="step")
    previous = 0
    for count in progress:
        if count != previous:
            optimizer = torch.optim.LBFGS([parameters], max_iter=10, line_search_fn="strong_wolfe")
            previous = count

        def closure(optimizer=optimizer, count=count):
            optimizer.zero_grad()
            loss = (simulate(parameters, count) - measured[:count]).square().mean()
            loss.backward()
            losses.append(loss.item())
            return loss

        optimizer.step(closure)
        progress.note(f"{count} measurements, root mean square {losses[-1] ** 0.5:.4f} rad")
    return parameters.detach(), losses


def uncertainty(parameters, measured):
    """The covariance of the parameters, shape (4, 4), and the noise that the residuals show.

    With normal errors of variance s^2 the parameters' covariance is the inverse of the Hessian of the negative log-likelihood,
    which is the sum of squares over 2 s^2; s^2 is that sum's minimum over the degrees of freedom.
    """

    def squares(parameters):
        return (simulate(parameters, len(measured)) - measured).square().sum()

    variance = squares(parameters) / (len(measured) - len(parameters))
    hessian = torch.autograd.functional.hessian(squares, parameters)
    return torch.linalg.inv(hessian / (2 * variance)), variance.sqrt().item()


def draw(pictures, parameters, measured, losses):
    from wengert import viz

    times = torch.arange(len(measured)) * EVERY
    fitted = simulate(parameters, len(measured))
    plot = viz.curves({"fitted": (times, fitted)}, xlabel="time, s", ylabel="angle, rad", title="The pendulum")
    axes = plot.figure.axes[0]
    axes.plot(times.numpy(), measured.numpy(), ".", color="#d1770c", label="measured")
    axes.legend(edgecolor="none", framealpha=0.7)
    plot.save(pictures / "pendulum-fit.svg")
    root = [loss**0.5 for loss in losses]
    viz.curves(
        {"root mean square": root, "noise": [NOISE] * len(root)}, log="y", xlabel="evaluation", ylabel="rad", title="L-BFGS"
    ).save(pictures / "pendulum-loss.svg")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4, help="of L-BFGS for each time span, of up to ten iterations each")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the pendulum is watched")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write the pictures there; needs matplotlib")
    options = parser.parse_args()
    if options.seconds < 1:
        parser.error("four parameters need a second of measurements at least")
    torch.manual_seed(options.seed)
    torch.set_default_dtype(torch.float64)

    measured = measure(options.seconds)
    parameters, losses = fit(measured, options.steps)
    covariance, noise = uncertainty(parameters, measured)
    print(f"{len(measured)} measurements in {options.seconds:g} s, {len(losses)} evaluations of the model")
    print(f"noise: {noise:.4f} rad (true: {NOISE})")
    for (name, true), value, error in zip(TRUTH.items(), parameters.tolist(), covariance.diag().sqrt().tolist(), strict=True):
        off = (value - true) / error
        print(f"{name:8} {value:8.4f} +- {error:.4f} {UNITS[name]:5}  (true: {true:g}, off by {off:+.1f} sigma)")
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
        draw(options.pictures, parameters, measured, losses)


if __name__ == "__main__":
    main()
