//! SageMaker hosting, API Gateway, Lambda and Model Monitor as one binary.

fn main() {}
