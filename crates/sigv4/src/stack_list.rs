//! A list that stays on the stack while it is short, so that a usual request allocates nothing.

/// Up to `N` items without an allocation, any number with one.
pub(crate) struct StackList<T, const N: usize> {
    inline: [T; N],
    len: usize,
    /// All items, once there are more than `N`.
    heap: Vec<T>,
}

impl<T: Copy, const N: usize> StackList<T, N> {
    /// An empty list; `fill` is what unused places hold.
    pub(crate) fn new(fill: T) -> Self {
        Self { inline: [fill; N], len: 0, heap: Vec::new() }
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.len < N {
            self.inline[self.len] = item;
            self.len += 1;
            return;
        }
        if self.heap.is_empty() {
            self.heap.extend_from_slice(&self.inline);
        }
        self.heap.push(item);
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        if self.heap.is_empty() { &self.inline[..self.len] } else { &self.heap }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        if self.heap.is_empty() { &mut self.inline[..self.len] } else { &mut self.heap }
    }
}

#[cfg(test)]
mod tests {
    use super::StackList;

    #[test]
    fn keeps_order_on_the_stack_and_off_it() {
        for len in [0, 3, 4, 5, 20] {
            let mut list = StackList::<usize, 4>::new(0);
            (0..len).for_each(|i| list.push(i));
            assert!(list.as_slice().iter().copied().eq(0..len), "{len}");
            assert_eq!(list.as_mut_slice().len(), len);
        }
    }
}
