"""A transformer that learns to write this repository's documentation, character by character.

    python examples/characters.py [--steps 800] [--text FILE ...] [--pictures DIR]

It reads the prose of docs/*.md and LICENSE and says after each character which one may follow; at the end it writes some text of
its own. Beside its loss stand what the counts of single characters, pairs and triples would give.
"""

import argparse
import math
import time
from pathlib import Path

import wengert as torch
import wengert.nn.functional as F
from progress import Progress
from wengert import nn

ROOT = Path(__file__).resolve().parent.parent
LENGTH = 64  # characters that the network looks back on


class Writer(nn.Module):
    """(N, L) characters, L up to LENGTH, to (N, L, vocabulary): what speaks for each character as the next one."""

    def __init__(self, vocabulary, width=96, heads=4, layers=2):
        super().__init__()
        self.characters = nn.Embedding(vocabulary, width)
        self.places = nn.Embedding(LENGTH, width)
        for embedding in (self.characters, self.places):  # from the default, with deviation 1, learning takes twice as long
            nn.init.normal_(embedding.weight, std=0.1)
        layer = nn.TransformerEncoderLayer(
            width, heads, dim_feedforward=4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, characters):
        length = characters.shape[1]
        hidden = self.characters(characters) + self.places(torch.arange(length))
        mask = nn.Transformer.generate_square_subsequent_mask(length)  # no character sees those after it
        return self.head(self.layers(hidden, mask=mask, is_causal=True))


def read(files):
    """The text of the files without tables, whose rows are much alike."""
    texts = []
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()
        texts.append("\n".join(line for line in lines if not line.startswith("|")))
    return "\n\n".join(texts)


def split(text, block=10 * LENGTH):
    """Training and validation: every tenth block of the text is kept for the second."""
    blocks = text.split(block)
    return torch.cat([part for i, part in enumerate(blocks) if i % 10 != 9]), torch.cat(blocks[9::10])


def batches(text, batch):
    """(inputs, targets), both (batch, LENGTH), from random places of the text."""
    starts = torch.randint(len(text) - LENGTH, (batch, 1))
    windows = text[starts + torch.arange(LENGTH + 1)]
    return windows[:, :-1], windows[:, 1:]


def loss_of(net, inputs, targets):
    return F.cross_entropy(net(inputs).flatten(0, 1), targets.flatten())


@torch.no_grad()
def validate(net, text):
    """The mean loss over the whole text, in windows one after the other."""
    net.eval()
    count = (len(text) - 1) // LENGTH
    inputs, targets = text[: count * LENGTH].view(count, LENGTH), text[1 : count * LENGTH + 1].view(count, LENGTH)
    losses = [loss_of(net, *pair).item() * len(pair[0]) for pair in zip(inputs.split(64), targets.split(64), strict=True)]
    net.train()
    return sum(losses) / count


def counted(training, testing, vocabulary, order):
    """The loss on testing of the counts of `order` characters in a row, in nats; each count is one higher than it was."""
    places = vocabulary ** torch.arange(order - 1, -1, -1)
    seen, asked = ((text.unfold(0, order, 1) * places).sum(1) for text in (training, testing))
    counts = torch.bincount(seen, minlength=vocabulary**order).view(-1, vocabulary) + 1
    log_probability = (counts / counts.sum(1, keepdim=True)).log().flatten()
    return -log_probability[asked].mean().item()


def train(net, training, testing, steps):
    """{"training": (steps, losses), "validation": (steps, losses)}."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=0.05)
    warm = max(1, steps // 10)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, 0.5 + 0.5 * math.cos(math.pi * step / steps))
    )
    curves = {"training": ([], []), "validation": ([], [])}
    progress = Progress(range(steps), unit="step")
    for step in progress:
        loss = loss_of(net, *batches(training, 24))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        curves["training"][0].append(step)
        curves["training"][1].append(loss.item())
        if step == steps - 1 or step % max(1, steps // 10) == 0:
            curves["validation"][0].append(step)
            curves["validation"][1].append(validate(net, testing))
        progress.note(f"loss {loss.item():.3f}, validation {curves['validation'][1][-1]:.3f}")
    return curves


@torch.no_grad()
def write(net, start, count, temperature=0.7):
    """start and `count` characters more, each drawn from what the network says."""
    net.eval()
    text = start
    for _ in range(count):
        scores = net(text[None, -LENGTH:])[0, -1] / temperature
        text = torch.cat([text, torch.multinomial(F.softmax(scores, dim=0), 1)])
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=800, help="of the training")
    parser.add_argument("--write", type=int, default=400, metavar="COUNT", help="how many characters it writes")
    parser.add_argument("--text", type=Path, nargs="+", metavar="FILE", help="what it reads, instead of the documentation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write the pictures there; needs matplotlib")
    options = parser.parse_args()
    torch.manual_seed(options.seed)

    files = options.text or [*sorted((ROOT / "docs").glob("*.md")), ROOT / "LICENSE"]
    if not all(file.is_file() for file in files):
        parser.error(f"there is no {next(file for file in files if not file.is_file())}: --text FILE reads something else")
    text = read(files)
    if len(text) < 20 * 10 * LENGTH:
        parser.error(f"{len(text):,} characters are too few to learn from: {20 * 10 * LENGTH:,} at least")
    alphabet = sorted(set(text))
    numbers = {character: number for number, character in enumerate(alphabet)}
    training, testing = split(torch.tensor([numbers[character] for character in text]))
    net = Writer(len(alphabet))
    print(f"{len(text):,} characters, {len(alphabet)} different ones, of {len(files)} files")
    print(f"{sum(p.numel() for p in net.parameters()):,} parameters")

    started = time.perf_counter()
    curves = train(net, training, testing, options.steps)
    print(f"{options.steps} steps in {time.perf_counter() - started:.1f} s")
    print("validation, nats a character:")
    for order, name in enumerate(("characters", "pairs", "triples"), 1):
        print(f"  counts of {name:10} {counted(training, testing, len(alphabet), order):.3f}")
    print(f"  transformer          {curves['validation'][1][-1]:.3f}")

    print(f"what it writes after {'The '!r}:\n")
    written = write(net, torch.tensor([numbers[character] for character in "The "]), options.write)
    print("".join(alphabet[number] for number in written.tolist()))
    if options.pictures:
        from wengert import viz

        options.pictures.mkdir(parents=True, exist_ok=True)
        viz.curves(curves, ylabel="loss, nats a character").save(options.pictures / "characters-loss.svg")


if __name__ == "__main__":
    main()
