//! The legacy generator against NumPy's `RandomState` (section 4 of the golden README).

use engine::random::{Draw, Legacy};
use tests::golden::json;

#[test]
fn words_and_draws_are_numpys() {
    let Some(sequences) = json("mt19937") else {
        return;
    };
    let sequences = sequences.as_array().expect("sequences");
    assert_eq!(sequences.len(), 5);
    for sequence in sequences {
        let numbers = |key: &str| -> Vec<usize> {
            serde_json::from_value(sequence[key].clone()).expect("numbers")
        };
        let seed = u32::try_from(sequence["seed"].as_u64().expect("a seed")).expect("32 bits");
        let words = numbers("raw_u32");
        assert_eq!(
            words.len(),
            700,
            "past the first 624, which are made at once"
        );
        let mut raw = Legacy::new(seed);
        for (index, word) in words.into_iter().enumerate() {
            assert_eq!(raw.next_u32() as usize, word, "seed {seed}: word {index}");
        }
        let mut legacy = Legacy::new(seed);
        for (count, drawn) in numbers("k").into_iter().zip(numbers("draw")) {
            assert_eq!(legacy.below(count), drawn, "seed {seed}: below {count}");
        }
    }
}
