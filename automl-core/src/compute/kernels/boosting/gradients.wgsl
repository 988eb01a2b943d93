// needs: double/double.wgsl, boosting/layout.wgsl
// Gradients and hessians of all rows and outputs, as `gbt/objective` has them.

@group(0) @binding(0) var<uniform> fit: Fit;
@group(0) @binding(1) var<storage, read> scores: array<Double>;
// Values (doubles), or codes in the lower words.
@group(0) @binding(2) var<storage, read> targets: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> weights: array<Double>;
// Singles: gradient and hessian.
@group(0) @binding(4) var<storage, read_write> pairs: array<vec2<u32>>;

const SQUARED: u32 = 0u;
const LOGISTIC: u32 = 1u;
const SOFTMAX: u32 = 2u;
const POISSON: u32 = 3u;

fn write_pair(row: u32, output: u32, gradient: Double, hessian: Double) {
    var pair = vec2<u32>(to_single(gradient), to_single(hessian));
    if fit.weighted == 1u {
        let weight = weights[row];
        pair.x = to_single(product(from_single(pair.x), weight));
        pair.y = to_single(product(from_single(pair.y), weight));
    }
    pairs[output * fit.rows + row] = pair;
}

fn write_share(row: u32, which: u32, share: Double, output: u32) {
    let y = select(Double(0u, 0u), ONE, targets[row].x == which);
    let hessian = product(product(fit.factor, share), difference(ONE, share));
    write_pair(row, output, difference(share, y), hessian);
}

fn within(a: Double, most: Double) -> Double {
    if less(most, absolute(a)) { return Double(most.x, most.y | (a.y & SIGN)); }
    return a;
}

// Where the score is a logarithm: `objective/log_link.rs`.
fn write_log(row: u32, gradient: Double, hessian: Double) {
    let most = Double(0x2f1f1281u, 0x45c027e7u); // 10²⁸
    write_pair(row, 0u, within(gradient, most), within(hessian, most));
}

fn write_of_log(row: u32) {
    let score = within(scores[row], Double(0u, 0x4072c000u)); // 300
    let y = targets[row];
    if fit.objective == POISSON {
        let mean = quick_exp(score);
        write_log(row, difference(mean, y), mean);
        return;
    }
    let first = product(y, quick_exp(product(fit.first_power, score)));
    let second = quick_exp(product(fit.second_power, score));
    let bend = difference(product(fit.second_power, second), product(fit.first_power, first));
    write_log(row, difference(second, first), bend);
}

@compute @workgroup_size(GROUP)
fn gradients(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var row = id.x; row < fit.rows; row += groups.x * GROUP) {
        if fit.objective == SQUARED {
            write_pair(row, 0u, difference(scores[row], targets[row]), ONE);
        } else if fit.objective == LOGISTIC {
            let share = quotient(ONE, sum(ONE, quick_exp(negated(scores[row]))));
            write_share(row, 1u, share, 0u);
        } else if fit.objective != SOFTMAX {
            write_of_log(row);
        } else {
            var highest = scores[row];
            for (var which = 1u; which < fit.outputs; which++) {
                let score = scores[which * fit.rows + row];
                if less(highest, score) { highest = score; }
            }
            var total = Double(0u, 0u);
            for (var which = 0u; which < fit.outputs; which++) {
                total = sum(total, quick_exp(difference(scores[which * fit.rows + row], highest)));
            }
            for (var which = 0u; which < fit.outputs; which++) {
                let power = quick_exp(difference(scores[which * fit.rows + row], highest));
                write_share(row, which, quotient(power, total), which);
            }
        }
    }
}
