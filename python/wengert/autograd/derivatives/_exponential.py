"""The derivative of the matrix exponential along a direction."""

import wengert


def frechet(A, direction):
    """L(A, E), linear in E: exp(A + E) = exp(A) + L(A, E) + O(|E|²).

    matrix_exp's steps differentiated (A. H. Al-Mohy & N. J. Higham, "Computing the Frechet derivative of the matrix exponential,
    with an application to condition number estimation", SIAM J. Matrix Anal. Appl. 30(4), 2009); d_x is the derivative of x.
    """
    from wengert.linalg.products import PADE, scaled_down  # with what no other derivative needs

    if A.numel() == 0:
        return direction
    x, squarings = scaled_down(A)
    d_x = direction.double() / 2.0**squarings
    x2, d_x2 = x @ x, x @ d_x + d_x @ x
    x4, d_x4 = x2 @ x2, x2 @ d_x2 + d_x2 @ x2
    x6, d_x6 = x4 @ x2, x4 @ d_x2 + d_x4 @ x2
    c = [float(k) for k in PADE]
    one = wengert.eye(x.size(-1), dtype=x.dtype)
    high, d_high = c[13] * x6 + c[11] * x4 + c[9] * x2, c[13] * d_x6 + c[11] * d_x4 + c[9] * d_x2
    inner = x6 @ high + c[7] * x6 + c[5] * x4 + c[3] * x2 + c[1] * one
    d_inner = d_x6 @ high + x6 @ d_high + c[7] * d_x6 + c[5] * d_x4 + c[3] * d_x2
    odd, d_odd = x @ inner, d_x @ inner + x @ d_inner
    high, d_high = c[12] * x6 + c[10] * x4 + c[8] * x2, c[12] * d_x6 + c[10] * d_x4 + c[8] * d_x2
    even = x6 @ high + c[6] * x6 + c[4] * x4 + c[2] * x2 + c[0] * one
    d_even = d_x6 @ high + x6 @ d_high + c[6] * d_x6 + c[4] * d_x4 + c[2] * d_x2
    result = wengert.linalg.solve(even - odd, even + odd)
    d_result = wengert.linalg.solve(even - odd, d_even + d_odd - (d_even - d_odd) @ result)
    for left in range(squarings, 0, -1):
        d_result = result @ d_result + d_result @ result
        if left > 1:
            result = result @ result
    return d_result.to(A.dtype)
