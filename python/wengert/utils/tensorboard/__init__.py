"""SummaryWriter: figures of a training run in files that TensorBoard shows.

    from wengert.utils.tensorboard import SummaryWriter

    with SummaryWriter("runs/first") as writer:
        writer.add_graph(net, images)
        for step, loss in enumerate(losses):
            writer.add_scalar("loss", loss, step)

Then ``tensorboard --logdir runs`` shows them. The package tensorboard writes the files: ``pip install 'wengert[tensorboard]'``.
"""

from .writer import SummaryWriter

__all__ = ["SummaryWriter"]
