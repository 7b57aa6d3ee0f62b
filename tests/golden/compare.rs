//! Comparing device tensors with golden ones.

use kernels::Tensor;
use ndarray::{Array2, ArrayD, ArrayViewD, Axis, IxDyn, Slice};

/// Returns a tensor as an array.
pub(crate) fn array(tensor: &Tensor) -> ArrayD<f32> {
    let values = tensor.to_vec().expect("the device works");
    ArrayD::from_shape_vec(IxDyn(tensor.shape()), values).expect("as many as the shape says")
}

/// Returns channel-last images in the reference's order: `[n, channels, height, width]`.
pub(crate) fn channels_first(tensor: &Tensor) -> ArrayD<f32> {
    array(tensor).permuted_axes(IxDyn(&[0, 3, 1, 2]))
}

/// Returns channel-last images as tokens: `[n, height · width, channels]`.
pub(crate) fn tokens(tensor: &Tensor) -> ArrayD<f32> {
    let &[n, height, width, channels] = tensor.shape() else {
        panic!("not an image: {:?}", tensor.shape());
    };
    let tokens = tensor.reshape(&[n, height * width, channels]);
    array(&tokens.expect("the same elements"))
}

/// Returns the candidates' logits as one batch: `[1, candidates, height, width]`.
pub(crate) fn stacked(logits: &[Array2<f32>]) -> ArrayD<f32> {
    let views: Vec<_> = logits.iter().map(|logits| logits.view()).collect();
    let logits = ndarray::stack(Axis(0), &views).expect("all of one size");
    logits.insert_axis(Axis(0)).into_dyn()
}

/// Asserts that the largest difference from every `strides`-th element of `ours` is within
/// `tolerance` standard deviations of `theirs`.
pub(crate) fn assert_close(
    what: &str,
    ours: &ArrayD<f32>,
    strides: &[usize],
    theirs: &ArrayD<f32>,
    tolerance: f64,
) {
    let ours = every(ours.view(), strides);
    assert_eq!(ours.shape(), theirs.shape(), "{what}");
    let deviation = theirs.mapv(f64::from).std(0.0);
    let largest = ours
        .iter()
        .zip(theirs)
        .map(|(a, b)| f64::from((a - b).abs()))
        .fold(0.0, f64::max);
    let relative = largest / deviation;
    assert!(
        relative <= tolerance && ours.iter().all(|value| value.is_finite()),
        "{what}: differs by {relative:.2e} of the standard deviation, allowed {tolerance:.0e}"
    );
}

fn every<'a>(array: ArrayViewD<'a, f32>, strides: &[usize]) -> ArrayViewD<'a, f32> {
    let mut view = array;
    view.slice_each_axis_inplace(|axis| Slice::new(0, None, strides[axis.axis.index()] as isize));
    view
}
