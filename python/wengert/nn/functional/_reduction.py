"""How the losses of single elements become one."""


def reduced(loss, reduction):
    """The losses, or their mean or sum."""
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss


def check_reduction(reduction):
    """ValueError for an unknown name."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")


def legacy_reduction(size_average, reduce, reduction="mean"):
    """The reduction that PyTorch's old flags mean, with a warning, where one is given; else reduction."""
    if size_average is None and reduce is None:
        return reduction
    size_average, reduce = size_average in (None, True), reduce in (None, True)
    name = "none" if not reduce else "mean" if size_average else "sum"
    import warnings

    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{name}' instead.", UserWarning, stacklevel=4
    )
    return name
