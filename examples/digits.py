"""A convolutional network that reads handwritten digits.

    python examples/digits.py [--epochs 15] [--log runs/digits] [--pictures DIR]

The images are the 1797 of 8 by 8 pixels that scikit-learn brings along (E. Alpaydin, C. Kaynak, 1998), a quarter of them kept for
the test. Needs scikit-learn; with TensorBoard installed it also writes a log, and with matplotlib pictures:
pip install 'wengert[examples]' 'wengert[tensorboard]'.
"""

import argparse
import time
from pathlib import Path

import wengert as torch
import wengert.nn.functional as F
from progress import Progress
from wengert import nn
from wengert.utils.data import DataLoader, TensorDataset, random_split


class Net(nn.Module):
    """(N, 1, 8, 8) to (N, 10), what speaks for each digit."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 2 * 2, 10))

    def forward(self, images):
        return self.head(self.features(images))


def load():
    """Training and test sets of (image (1, 8, 8) with values from 0 to 1, digit)."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise SystemExit("digits.py needs scikit-learn: pip install 'wengert[examples]'") from None
    pixels, digits = load_digits(return_X_y=True)
    images = torch.tensor(pixels, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    return random_split(TensorDataset(images, torch.tensor(digits)), [0.75, 0.25])


def log_to(folder):
    """TensorBoard's writer, or None where it is not installed."""
    try:
        from wengert.utils.tensorboard import SummaryWriter
    except ImportError:
        print("no TensorBoard log: pip install 'wengert[tensorboard]'")
        return None
    return SummaryWriter(folder)


@torch.no_grad()
def test(net, dataset):
    """Mean loss, accuracy, and the confusion matrix (10, 10): rows are what the digits are, columns what the net says."""
    net.eval()
    confusion = torch.zeros(10, 10, dtype=torch.int64)
    loss = 0.0
    for images, digits in DataLoader(dataset, batch_size=256):
        scores = net(images)
        loss += F.cross_entropy(scores, digits, reduction="sum").item()
        confusion += torch.bincount(10 * digits + scores.argmax(1), minlength=100).view(10, 10)
    return loss / len(dataset), (confusion.diag().sum() / confusion.sum()).item(), confusion


def train(net, training, testing, epochs, writer):
    """{"training": (steps, losses), "test": (steps, losses)}."""
    loader = DataLoader(training, batch_size=64, shuffle=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=epochs * len(loader))
    curves = {"training": ([], []), "test": ([], [])}
    step = 0
    progress = Progress(range(epochs), unit="epoch")
    for epoch in progress:
        net.train()
        for images, digits in loader:
            loss = F.cross_entropy(net(images), digits)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            curves["training"][0].append(step)
            curves["training"][1].append(loss.item())
            step += 1
        test_loss, accuracy, _ = test(net, testing)
        curves["test"][0].append(step - 1)
        curves["test"][1].append(test_loss)
        progress.note(f"loss {loss.item():.4f}, test accuracy {accuracy:.2%}")
        if writer:
            writer.add_scalar("loss/training", loss.item(), epoch)
            writer.add_scalar("loss/test", test_loss, epoch)
            writer.add_scalar("accuracy/test", accuracy, epoch)
            for name, parameter in net.named_parameters():
                writer.add_histogram(name, parameter, epoch)
    return curves


def draw_confusion(confusion):
    """The matrix as a figure of matplotlib; numbers off the diagonal are the errors."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    axes = figure.add_subplot()
    share = confusion / confusion.sum(1, keepdim=True)
    axes.pcolormesh(share.numpy(), cmap="Blues", edgecolors="white", linewidth=1)
    for digit in range(10):
        for said in range(10):
            count = confusion[digit, said].item()
            if count:
                color = "white" if share[digit, said] > 0.5 else "black"
                axes.text(said + 0.5, digit + 0.5, count, ha="center", va="center", color=color, fontsize=9)
    ticks = [digit + 0.5 for digit in range(10)]
    axes.set_xticks(ticks, range(10))
    axes.set_yticks(ticks, range(10))
    axes.invert_yaxis()
    axes.set(xlabel="what the network says", ylabel="what the digit is", aspect="equal")
    return figure


def draw_errors(net, testing, most=12):
    """The images that the network reads wrong, most certain first; None where there are none."""
    from matplotlib.figure import Figure

    images, digits = next(iter(DataLoader(testing, batch_size=len(testing))))
    with torch.no_grad():
        probability, said = F.softmax(net(images), dim=1).max(1)
    wrong = (said != digits).nonzero().flatten()
    wrong = wrong[probability[wrong].argsort(descending=True)][:most]
    if not len(wrong):
        return None
    columns = min(6, len(wrong))
    rows = -(-len(wrong) // 6)
    figure = Figure(figsize=(1.2 * columns, 1.4 * rows), layout="constrained")
    for i, at in enumerate(wrong.tolist()):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.imshow(images[at, 0].numpy(), cmap="Greys", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"{digits[at].item()}, read as {said[at].item()}", fontsize=8)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path, metavar="DIR", default=Path("runs/digits"), help="of TensorBoard")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write the pictures there; needs matplotlib")
    options = parser.parse_args()
    torch.manual_seed(options.seed)

    training, testing = load()
    net = Net()
    print(f"{len(training)} images to learn from, {len(testing)} to be tested on")
    print(torch.viz.summary(net, training[0][0][None]))

    writer = log_to(options.log)
    started = time.perf_counter()
    curves = train(net, training, testing, options.epochs, writer)
    seconds = time.perf_counter() - started
    loss, accuracy, confusion = test(net, testing)
    print(f"{options.epochs} epochs in {seconds:.1f} s")
    print(f"test: loss {loss:.4f}, {confusion.diag().sum().item()} of {len(testing)} right, accuracy {accuracy:.2%}")

    if writer:
        writer.add_graph(net, training[0][0][None])
        writer.close()
        print(f"tensorboard --logdir {options.log}")
    if options.pictures:
        from wengert import viz

        options.pictures.mkdir(parents=True, exist_ok=True)
        viz.curves(curves, log="y", ylabel="loss").save(options.pictures / "digits-loss.svg")
        images, _ = next(iter(DataLoader(testing, batch_size=64)))
        viz.histograms(net.features, images).save(options.pictures / "digits-activations.svg")
        viz.Plot(draw_confusion(confusion)).save(options.pictures / "digits-confusion.svg")
        errors = draw_errors(net, testing)
        if errors:
            viz.Plot(errors).save(options.pictures / "digits-errors.svg")


if __name__ == "__main__":
    main()
