// What kernels of many networks at once have in common; laid out as `mod.rs` says.

// A small batch that is trained on, or a block of rows that is only judged.
struct Turn {
    // Where its rows begin in the order of rows, and how many they are.
    start: u32,
    rows: u32,
    // Steps of training so far, this one included; 0 where rows are only judged.
    step: u32,
    // 1 where answers are scores of classes, 0 where they are numbers.
    classes: u32,
    // Judged blocks of `JUDGED` rows before those of this turn, and all of them.
    block: u32,
    blocks: u32,
    // 1 / (1 - 0.9^step) and 1 / (1 - 0.999^step).
    first: f32,
    second: f32,
}

// A layer of a network.
struct Layer {
    inputs: u32,
    outputs: u32,
    // Where its weights begin, inputs x outputs, row-major, and after them its biases.
    weights: u32,
    // Where the factors of its inputs begin among the weights, in a network's first layer; else `NONE`.
    factors: u32,
    // Places in scratch: what goes in (rows x inputs), what comes out (rows x outputs), and the slopes of the loss by both.
    in_at: u32,
    out_at: u32,
    in_slopes: u32,
    out_slopes: u32,
    // Units whose draw of 32 bits is below this sit out; what the others give grows by `keep`.
    dropped: u32,
    keep: f32,
    seed: u32,
    // 1 for all but a network's last layer.
    rectified: u32,
    // Of the optimiser: rate, decay, steps over which the rate rises, and all steps.
    rate: f32,
    decay: f32,
    warm_up: f32,
    steps: f32,
}

const NONE: u32 = 0xFFFFFFFFu;
