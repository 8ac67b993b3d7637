"""What this build is and what it runs on."""

from . import _C


def show_config() -> str:
    """Print, and return, version, instruction sets, threads, compiler and memory limits.

    >>> "instruction set" in wengert.show_config()  # doctest: +ELLIPSIS
    wengert ...
    True
    """
    stats = _C.memory_stats()
    lines = [
        f"wengert {_C.version}",
        f"instruction set:  {_C.isa()} (compiled: {', '.join(_C.compiled_isas())}; "
        f"supported here: {', '.join(_C.supported_isas())}; WENGERT_ISA forces one)",
        f"threads:          {_C.get_num_threads()} of {_C.available_processors()} available processors (OpenMP)",
        f"compiler:         {_C.compiler}",
        f"memory cache:     {stats['cached_bytes']} of at most {stats['cache_limit_bytes']} bytes",
    ]
    text = "\n".join(lines)
    print(text)
    return text
