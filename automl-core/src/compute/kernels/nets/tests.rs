use super::*;

/// The fields of a struct of a kernel, in their order.
pub fn fields(source: &str, name: &str) -> Vec<String> {
    let start = source.find(&format!("struct {name} {{")).expect("the struct is there");
    let body = source[start..].split(['{', '}']).nth(1).expect("it has a body");
    let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines.filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
}

#[test]
fn kernels_and_processor_lay_out_alike() {
    let source = include_str!("nets.wgsl");
    assert_eq!(fields(source, "Turn"), Turn::FIELDS);
    assert_eq!(fields(source, "Layer"), Layer::FIELDS);
    assert_eq!(TURN_BYTES as usize, Turn::FIELDS.len() * 4);
    let numbered = Turn {
        start: 1,
        rows: 2,
        step: 3,
        classes: 4,
        block: 5,
        blocks: 6,
        first: f32::from_bits(7),
        second: f32::from_bits(8),
    };
    assert_eq!(numbered.words(), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn draws_are_even_and_do_not_repeat_from_step_to_step() {
    let share = |key: u32| (0..65_536).filter(|&place| draw(key, place) < u32::MAX / 10 * 3).count();
    for step in 0..20 {
        let share = share(key(9, step)) as f64 / 65_536.0;
        // Three standard deviations are 0.0054.
        assert!((share - 0.3).abs() < 0.008, "{step}: {share}");
    }
    let low = |step: u32, place: u32| draw(key(9, step), place) < u32::MAX / 2;
    for step in 1..20 {
        let same = (0..16_384).filter(|&place| low(0, place) == low(step, place)).count();
        assert!((same as f64 / 16_384.0 - 0.5).abs() < 0.02, "{step}: {same}");
    }
}
