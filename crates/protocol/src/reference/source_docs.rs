//! Doc comments of items that no derive knows: constants, and the variants of plain enums.

/// The doc comment right above the line of `source` that starts with `item`, as one line.
///
/// `None` when there is no such line.
pub fn doc_of(source: &str, item: &str) -> Option<String> {
    let mut doc: Vec<&str> = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if line.starts_with(item) {
            return Some(doc.join(" "));
        } else {
            doc.clear();
        }
    }
    None
}

/// The names of the public constants that `source` declares, in their order.
#[cfg(test)]
pub fn constants(source: &str) -> Vec<&str> {
    source
        .lines()
        .filter_map(|line| line.strip_prefix("pub const "))
        .filter_map(|rest| rest.split_once(':'))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doc_is_that_of_the_item_alone() {
        let source =
            "/// One.\npub const A: u8 = 1;\n\n/// Two,\n/// both.\npub const B: u8 = 2;\n";
        assert_eq!(doc_of(source, "pub const B").as_deref(), Some("Two, both."));
        assert_eq!(doc_of(source, "pub const C"), None);
        assert_eq!(constants(source), ["A", "B"]);
    }
}
