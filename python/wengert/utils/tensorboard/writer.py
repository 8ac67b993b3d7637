"""SummaryWriter, which has PyTorch's methods for what it writes."""

import datetime
import os
import socket
import time


def _require_tensorboard():
    try:
        import tensorboard.summary.writer.event_file_writer  # noqa: F401
    except ImportError:
        raise ImportError("SummaryWriter needs the package tensorboard: pip install 'wengert[tensorboard]'") from None


class SummaryWriter:
    """Writes event files of a run for TensorBoard.

    Args:
        log_dir: the folder of the run; ``runs/<time>_<host><comment>`` unless given.
        purge_step: what was written from this step on, before a crash, is to be forgotten.
        max_queue, flush_secs: how many entries, and for how long, may wait to be written; a thread writes them.
        filename_suffix: the end of the file's name.

    Tags with a slash are shown in groups. global_step and walltime (seconds of the epoch; now, unless given) say where on the axis
    an entry stands. A writer is a context manager, which closes it at the end.
    """

    def __init__(self, log_dir=None, comment="", purge_step=None, max_queue=10, flush_secs=120, filename_suffix=""):
        _require_tensorboard()
        if not log_dir:
            now = datetime.datetime.now().strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{now}_{socket.gethostname()}{comment}")
        self.log_dir = os.fspath(log_dir)
        self.purge_step, self.max_queue, self.flush_secs, self.filename_suffix = (
            purge_step,
            max_queue,
            flush_secs,
            filename_suffix,
        )
        self._files = {}  # folder: its EventFileWriter
        self._file(self.log_dir)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def get_logdir(self):
        """The folder of the run."""
        return self.log_dir

    def _file(self, folder):
        """The event file of a folder; a new one after close."""
        if folder not in self._files:
            from tensorboard.compat.proto.event_pb2 import Event, SessionLog
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            file = self._files[folder] = EventFileWriter(folder, self.max_queue, self.flush_secs, self.filename_suffix)
            if self.purge_step is not None:
                for event in ({"file_version": "brain.Event:2"}, {"session_log": SessionLog(status=SessionLog.START)}):
                    file.add_event(Event(wall_time=time.time(), step=self.purge_step, **event))
                self.purge_step = None
        return self._files[folder]

    def _add(self, step, walltime, folder=None, **content):
        from tensorboard.compat.proto.event_pb2 import Event

        event = Event(wall_time=time.time() if walltime is None else walltime, **content)
        if step is not None:
            event.step = int(step)
        self._file(folder or self.log_dir).add_event(event)

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False):
        """A number, or a tensor of one element, on a curve. new_style stores it as a tensor, of float64 with double_precision."""
        from . import summary

        self._add(global_step, walltime, summary=summary.scalar(tag, scalar_value, new_style, double_precision))

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None):
        """Several numbers on one chart, by name; each is a run of its own in TensorBoard."""
        from . import summary

        for tag, value in tag_scalar_dict.items():
            folder = os.path.join(self.log_dir, f"{main_tag.replace('/', '_')}_{tag}")
            self._add(global_step, walltime, folder, summary=summary.scalar(main_tag, value, False, False))

    def add_histogram(self, tag, values, global_step=None, bins="tensorflow", walltime=None, max_bins=None):
        """How the elements of values are spread. bins: "tensorflow", edges, or what numpy.histogram takes."""
        from . import summary

        edges = summary.default_bins() if isinstance(bins, str) and bins == "tensorflow" else bins
        self._add(global_step, walltime, summary=summary.histogram(tag, values, edges, max_bins))

    def add_histogram_raw(
        self, tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts, global_step=None, walltime=None
    ):
        """A histogram that has been counted elsewhere: bucket i reaches from limit i - 1 to limit i."""
        from . import summary

        made = summary.histogram_raw(tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts)
        self._add(global_step, walltime, summary=made)

    def add_image(self, tag, img_tensor, global_step=None, walltime=None, dataformats="CHW"):
        """An image of uint8, or of numbers from 0 to 1; dataformats names its dimensions: CHW, HWC, HW."""
        from . import summary
        from ._arrays import to_hwc

        self._add(global_step, walltime, summary=summary.image(tag, to_hwc(img_tensor, dataformats)))

    def add_images(self, tag, img_tensor, global_step=None, walltime=None, dataformats="NCHW"):
        """A batch of images, side by side."""
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    def add_figure(self, tag, figure, global_step=None, close=True, walltime=None):
        """A figure of matplotlib, or a list of figures of one size, as an image; close closes it."""
        from ._arrays import of_figures

        image = of_figures(figure, close)
        self.add_image(tag, image, global_step, walltime, "NCHW" if image.ndim == 4 else "CHW")

    def add_text(self, tag, text_string, global_step=None, walltime=None):
        """Text, in which Markdown is formatted."""
        from . import summary

        self._add(global_step, walltime, summary=summary.text(tag, text_string))

    def add_pr_curve(self, tag, labels, predictions, global_step=None, num_thresholds=127, weights=None, walltime=None):
        """Precision against recall, of predictions (probabilities) of labels (0 or 1)."""
        from . import summary

        self._add(global_step, walltime, summary=summary.pr_curve(tag, labels, predictions, num_thresholds, weights))

    def add_pr_curve_raw(
        self,
        tag,
        true_positive_counts,
        false_positive_counts,
        true_negative_counts,
        false_negative_counts,
        precision,
        recall,
        global_step=None,
        num_thresholds=127,
        weights=None,
        walltime=None,
    ):
        """Precision against recall from what has been counted elsewhere, by threshold."""
        from . import summary

        rows = [true_positive_counts, false_positive_counts, true_negative_counts, false_negative_counts, precision, recall]
        self._add(global_step, walltime, summary=summary.pr_curve_raw(tag, rows, num_thresholds))

    def add_hparams(self, hparam_dict, metric_dict, hparam_domain_discrete=None, run_name=None, global_step=None):
        """Hyperparameters (numbers, strings, bools) of a run and what it reached, for the table of the HPARAMS page.

        They make a run of their own in log_dir, named run_name or by the time. hparam_domain_discrete: the values that a
        hyperparameter can have.
        """
        from . import summary

        if not isinstance(hparam_dict, dict) or not isinstance(metric_dict, dict):
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        made = summary.hparams(hparam_dict, metric_dict, hparam_domain_discrete or {})
        folder = os.path.join(self.log_dir, run_name or str(time.time()))
        for each in made:
            self._add(None, None, folder, summary=each)
        for name, value in metric_dict.items():
            self._add(global_step, None, folder, summary=summary.scalar(name, value, False, False))
        self._files.pop(folder).close()

    def add_embedding(self, mat, metadata=None, label_img=None, global_step=None, tag="default", metadata_header=None):
        """Points, the rows of mat, for the PROJECTOR page, with a label (or a row of labels) and a picture for each.

        label_img: (N, C, H, W), H equal to W.
        """
        from . import embedding

        embedding.write(self.log_dir, mat, metadata, label_img, global_step or 0, tag, metadata_header)

    def add_graph(self, model, input_to_model=None, verbose=False, use_strict_trace=True):
        """The graph of model, which is called once with input_to_model (a tensor, or a tuple of arguments).

        Shown are the operators that derivatives pass through, in the scopes of their modules, with the shapes of their results.
        The model is left as it was: its buffers and the random generator get their state back.
        """
        from . import graph

        made = graph.of_model(model, input_to_model)
        if verbose:
            print(made)
        self._add(None, None, graph_def=made.SerializeToString())

    def flush(self):
        """Writes what is waiting."""
        for file in self._files.values():
            file.flush()

    def close(self):
        """Writes what is waiting and closes the files. A later entry opens another."""
        while self._files:
            self._files.popitem()[1].close()
