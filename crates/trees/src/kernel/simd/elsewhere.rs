//! In place of `bits`, `planes` and `turns` on machines that have none of them: types without values.

use footprint::Footprint;

use super::{
    super::{Lanes, perfect::Slot, ranks::Ranks, turns::TurnRun},
    Isa,
};

pub(in crate::kernel) const WIDTH: usize = 64;
pub(in crate::kernel) const ROWS: usize = 8;
pub(in crate::kernel) const BLOCK_ROWS: usize = 128;

#[derive(Debug)]
pub(in crate::kernel) enum Bits {}

#[derive(Debug)]
pub(in crate::kernel) enum Planes {}

#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) enum Bytes {}

impl Bits {
    pub(in crate::kernel) fn new(_: Isa, _: (&[Slot], &[f32]), _: usize, _: u32) -> Option<Self> {
        None
    }

    pub(in crate::kernel) fn byte_size(&self) -> usize {
        match *self {}
    }

    pub(in crate::kernel) fn footprint(&self, _: &mut Footprint) {
        match *self {}
    }

    pub(in crate::kernel) fn row(&self, _: &[i32], _: &mut [Lanes<f32>]) {
        match *self {}
    }
}

impl Planes {
    pub(in crate::kernel) fn new(_: Isa, _: &[Slot], _: usize, _: u32) -> Option<Self> {
        None
    }

    pub(in crate::kernel) fn byte_size(&self) -> usize {
        match *self {}
    }

    pub(in crate::kernel) fn footprint(&self, _: &mut Footprint) {
        match *self {}
    }

    pub(in crate::kernel) fn row(&self, _: &[f32], _: &[i32], _: &mut [Lanes<f32>]) {
        match *self {}
    }
}

impl Bytes {
    pub(in crate::kernel) fn of(_: Isa) -> Option<Self> {
        None
    }

    pub(in crate::kernel) fn ranks(self, _: &Ranks<i64>, _: impl Fn(usize) -> i64, _: &mut [u8]) {
        match self {}
    }

    pub(in crate::kernel) fn row<const N: usize>(
        self,
        _: &TurnRun,
        _: &[[u8; WIDTH]; N],
        _: &mut [f64],
    ) {
        match self {}
    }

    pub(in crate::kernel) fn rows<const N: usize>(
        self,
        _: &TurnRun,
        _: &[[[u8; WIDTH]; N]],
        _: &mut [f64],
    ) {
        match self {}
    }
}
