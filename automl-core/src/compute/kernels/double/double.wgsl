// Doubles (IEEE 754 binary64) made of two 32-bit words, so that a card that has none computes to the same bits as a
// processor: sums, products and quotients are rounded to the nearest, ties to even. Numbers are finite; what is smaller than
// the least normal double, 2⁻¹⁰²², counts as 0. No driver can fuse or reorder any of this: it is arithmetic of integers.

// Lower and upper half.
alias Double = vec2<u32>;
// A whole number of 64 bits, likewise.
alias Wide = vec2<u32>;

const SIGN: u32 = 0x80000000u;
const ONE: Double = Double(0u, 0x3ff00000u);

fn wide_sum(a: Wide, b: Wide) -> Wide {
    let low = a.x + b.x;
    return Wide(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn wide_difference(a: Wide, b: Wide) -> Wide {
    return Wide(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn wide_negated(a: Wide) -> Wide {
    return wide_difference(Wide(0u, 0u), a);
}

fn wide_less(a: Wide, b: Wide) -> bool {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// Shifts by 0 to 63.
fn wide_left(a: Wide, by: u32) -> Wide {
    if by == 0u { return a; }
    if by >= 32u { return Wide(0u, a.x << (by - 32u)); }
    return Wide(a.x << by, (a.y << by) | (a.x >> (32u - by)));
}

fn wide_right(a: Wide, by: u32) -> Wide {
    if by == 0u { return a; }
    if by >= 32u { return Wide(a.y >> (by - 32u), 0u); }
    return Wide((a.x >> by) | (a.y << (32u - by)), a.y >> by);
}

// The same of a number whose highest bit is its sign.
fn wide_right_signed(a: Wide, by: u32) -> Wide {
    let ones = select(0u, 0xffffffffu, a.y >= SIGN);
    if by == 0u { return a; }
    let high = u32(bitcast<i32>(a.y) >> (by & 31u));
    if by >= 32u { return Wide(high, ones); }
    return Wide((a.x >> by) | (a.y << (32u - by)), high);
}

fn wide_product(a: u32, b: u32) -> Wide {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let one = (a & 0xffffu) * (b >> 16u);
    let other = (a >> 16u) * (b & 0xffffu);
    let middle = (low >> 16u) + (one & 0xffffu) + (other & 0xffffu);
    let high = (a >> 16u) * (b >> 16u) + (one >> 16u) + (other >> 16u) + (middle >> 16u);
    return Wide((low & 0xffffu) | (middle << 16u), high);
}

// The lower 64 bits of a product.
fn wide_times(a: Wide, b: Wide) -> Wide {
    let low = wide_product(a.x, b.x);
    return Wide(low.x, low.y + a.x * b.y + a.y * b.x);
}

fn leading_zeros(a: Wide) -> u32 {
    return select(countLeadingZeros(a.y), 32u + countLeadingZeros(a.x), a.y == 0u);
}

fn exponent_of(a: Double) -> u32 {
    return (a.y >> 20u) & 0x7ffu;
}

// The digits with the first one, which is not stored.
fn digits_of(a: Double) -> Wide {
    return Wide(a.x, (a.y & 0xfffffu) | 0x100000u);
}

// A double of 64 digits, the first of which is set, and of more that are not all 0 where there are `more`.
fn rounded(sign: u32, exponent: i32, digits: Wide, more: bool) -> Double {
    if exponent <= 0 { return Double(0u, sign); }
    if exponent >= 2047 { return Double(0u, sign | 0x7ff00000u); }
    let tail = digits.x & 0x7ffu;
    var kept = wide_right(digits, 11u);
    let up = tail > 0x400u || (tail == 0x400u && (more || (kept.x & 1u) == 1u));
    kept.y = (kept.y & 0xfffffu) | (u32(exponent) << 20u);
    if up { kept = wide_sum(kept, Wide(1u, 0u)); }
    kept.y |= sign;
    return kept;
}

fn negated(a: Double) -> Double {
    return Double(a.x, a.y ^ SIGN);
}

fn absolute(a: Double) -> Double {
    return Double(a.x, a.y & ~SIGN);
}

fn is_zero(a: Double) -> bool {
    return exponent_of(a) == 0u;
}

fn sum(a: Double, b: Double) -> Double {
    if is_zero(b) { return a; }
    if is_zero(a) { return b; }
    let swaps = wide_less(absolute(a), absolute(b));
    let large = select(a, b, swaps);
    let small = select(b, a, swaps);
    let exponent = exponent_of(large);
    let by = exponent - exponent_of(small);
    let digits = wide_left(digits_of(large), 10u);
    let whole = wide_left(digits_of(small), 10u);
    // What is shifted out is kept as one bit, enough to round by.
    var other = Wide(1u, 0u);
    if by < 64u {
        other = wide_right(whole, by);
        if any(wide_left(other, by) != whole) { other.x |= 1u; }
    }
    let sign = large.y & SIGN;
    if ((a.y ^ b.y) & SIGN) == 0u {
        let total = wide_sum(digits, other);
        if total.y >= SIGN { return rounded(sign, i32(exponent) + 1, total, false); }
        return rounded(sign, i32(exponent), wide_left(total, 1u), false);
    }
    let total = wide_difference(digits, other);
    if all(total == Wide(0u, 0u)) { return Double(0u, 0u); }
    let zeros = leading_zeros(total);
    return rounded(sign, i32(exponent) + 1 - i32(zeros), wide_left(total, zeros), false);
}

fn difference(a: Double, b: Double) -> Double {
    return sum(a, negated(b));
}

fn product(a: Double, b: Double) -> Double {
    let sign = (a.y ^ b.y) & SIGN;
    if is_zero(a) || is_zero(b) { return Double(0u, sign); }
    let x = wide_left(digits_of(a), 11u);
    let y = wide_left(digits_of(b), 11u);
    let low = wide_product(x.x, y.x);
    let one = wide_sum(wide_product(x.x, y.y), Wide(low.y, 0u));
    let other = wide_sum(wide_product(x.y, y.x), Wide(one.x, 0u));
    let high = wide_sum(wide_product(x.y, y.y), wide_sum(Wide(one.y, 0u), Wide(other.y, 0u)));
    let exponent = i32(exponent_of(a) + exponent_of(b)) - 1023;
    let more = (low.x | other.x) != 0u;
    if high.y >= SIGN { return rounded(sign, exponent + 1, high, more); }
    let shifted = wide_left(high, 1u);
    return rounded(sign, exponent, Wide(shifted.x | (other.x >> 31u), shifted.y), more);
}

fn quotient(a: Double, b: Double) -> Double {
    let sign = (a.y ^ b.y) & SIGN;
    if is_zero(a) { return Double(0u, sign); }
    if is_zero(b) { return Double(0u, sign | 0x7ff00000u); }
    var rest = digits_of(a);
    let by = digits_of(b);
    var exponent = i32(exponent_of(a)) - i32(exponent_of(b)) + 1023;
    if wide_less(rest, by) {
        rest = wide_left(rest, 1u);
        exponent -= 1;
    }
    var digits = Wide(0u, 0u);
    for (var i = 0u; i < 55u; i++) {
        digits = wide_left(digits, 1u);
        if !wide_less(rest, by) {
            rest = wide_difference(rest, by);
            digits.x |= 1u;
        }
        rest = wide_left(rest, 1u);
    }
    return rounded(sign, exponent, wide_left(digits, 9u), any(rest != Wide(0u, 0u)));
}

// The square root of a number from 0, digit by digit.
fn root(a: Double) -> Double {
    if is_zero(a) { return a; }
    let exponent = i32(exponent_of(a)) - 1023;
    // 54 places behind the point, of a number from 1 to below 4.
    var rest = wide_left(digits_of(a), 2u + u32(exponent & 1));
    var twice = Wide(0u, 0u);
    var digits = Wide(0u, 0u);
    var bit = Wide(0u, 0x400000u);
    for (var i = 0u; i < 55u; i++) {
        let tried = wide_sum(twice, bit);
        if !wide_less(rest, tried) {
            twice = wide_sum(tried, bit);
            rest = wide_difference(rest, tried);
            digits = wide_sum(digits, bit);
        }
        rest = wide_left(rest, 1u);
        bit = wide_right(bit, 1u);
    }
    return rounded(0u, 1023 + (exponent >> 1u), wide_left(digits, 9u), any(rest != Wide(0u, 0u)));
}

fn less(a: Double, b: Double) -> bool {
    if is_zero(a) && is_zero(b) { return false; }
    let a_below = a.y >= SIGN;
    let b_below = b.y >= SIGN;
    if a_below != b_below { return a_below; }
    return select(wide_less(a, b), wide_less(b, a), a_below);
}

fn from_wide(a: Wide) -> Double {
    if all(a == Wide(0u, 0u)) { return a; }
    let zeros = leading_zeros(a);
    return rounded(0u, 1086 - i32(zeros), wide_left(a, zeros), false);
}

fn from_u32(a: u32) -> Double {
    return from_wide(Wide(a, 0u));
}

// Of a number whose highest bit is its sign.
fn from_signed(a: Wide) -> Double {
    if a.y >= SIGN { return negated(from_wide(wide_negated(a))); }
    return from_wide(a);
}

// Of the bits of a single (binary32), which may be smaller than the least normal one.
fn from_single(bits: u32) -> Double {
    let sign = bits & SIGN;
    let exponent = (bits >> 23u) & 0xffu;
    let digits = bits & 0x7fffffu;
    if exponent > 0u { return Double(digits << 29u, sign | ((exponent + 896u) << 20u) | (digits >> 3u)); }
    if digits == 0u { return Double(0u, sign); }
    let zeros = countLeadingZeros(digits);
    return rounded(sign, 905 - i32(zeros), Wide(0u, digits << zeros), false);
}

// The bits of the nearest single.
fn to_single(a: Double) -> u32 {
    let sign = a.y & SIGN;
    if is_zero(a) { return sign; }
    let exponent = i32(exponent_of(a)) - 896;
    if exponent >= 255 { return sign | 0x7f800000u; }
    // 24 digits, or as many as a smaller one has.
    let dropped = 29 + max(1 - exponent, 0);
    if dropped > 54 { return sign; }
    let digits = digits_of(a);
    let kept = wide_right(digits, u32(dropped)).x;
    let tail = wide_difference(digits, wide_left(Wide(kept, 0u), u32(dropped)));
    let half = wide_left(Wide(1u, 0u), u32(dropped - 1));
    let up = wide_less(half, tail) || (all(half == tail) && (kept & 1u) == 1u);
    // A first digit that is there adds 1 to the exponent, and so does one that rounding makes.
    let base = select(0u, u32(exponent - 1) << 23u, exponent > 0);
    return sign | (base + kept + select(0u, 1u, up));
}

// The whole number at or below, of one that is within ±2⁵¹.
fn floor_of(a: Double) -> Wide {
    let below = a.y >= SIGN;
    if is_zero(a) { return Wide(0u, 0u); }
    let exponent = i32(exponent_of(a)) - 1023;
    if exponent < 0 { return select(Wide(0u, 0u), Wide(0xffffffffu, 0xffffffffu), below); }
    let digits = digits_of(a);
    let dropped = u32(52 - min(exponent, 52));
    let whole = wide_right(digits, dropped);
    if !below { return whole; }
    let has_more = any(wide_left(whole, dropped) != digits);
    return wide_negated(select(whole, wide_sum(whole, Wide(1u, 0u)), has_more));
}

const SERIES: array<Double, 12> = array<Double, 12>(
    Double(0x67f544e4u, 0x3e5ae645u),
    Double(0xb7789f5cu, 0x3e927e4fu),
    Double(0xa556c734u, 0x3ec71de3u),
    Double(0x1a01a01au, 0x3efa01a0u),
    Double(0x1a01a01au, 0x3f2a01a0u),
    Double(0x16c16c17u, 0x3f56c16cu),
    Double(0x11111111u, 0x3f811111u),
    Double(0x55555555u, 0x3fa55555u),
    Double(0x55555555u, 0x3fc55555u),
    Double(0u, 0x3fe00000u),
    ONE,
    ONE,
);

// The exponential of `numeric/exp.rs`, to the bit.
fn quick_exp(given: Double) -> Double {
    let most = Double(0u, 0x4085e000u); // 700
    var x = given;
    if less(most, x) { x = most; }
    if less(x, negated(most)) { x = negated(most); }
    let magic = Double(0u, 0x43380000u); // 1.5 · 2⁵²: adding it rounds to an integer
    let shifted = sum(product(x, Double(0x652b82feu, 0x3ff71547u)), magic);
    let n = difference(shifted, magic);
    let high = product(n, Double(0xfee00000u, 0x3fe62e42u));
    let r = difference(difference(x, high), product(n, Double(0x35793c76u, 0x3dea39efu)));
    var series = Double(0xeff8d898u, 0x3e21eed8u); // 1 / 12!
    for (var i = 0u; i < 12u; i++) {
        series = sum(product(series, r), SERIES[i]);
    }
    return product(series, Double(0u, (shifted.x + 1023u) << 20u));
}
