//! Comments of `.proto` files as documentation that rustdoc takes: nothing in it is run as a test,
//! links to nowhere, or is taken for HTML.

/// How far a line is set in that Markdown takes for code.
const CODE_INDENT: usize = 4;

/// The lines of a comment, fit for `///`.
pub(crate) fn sanitize(comment: &str) -> Vec<String> {
    let mut out = Writer::default();
    for line in lines(comment) {
        out.line(&line);
    }
    out.finish()
}

/// The lines without what no source file may hold, and without the space that most begin with.
fn lines(comment: &str) -> Vec<String> {
    let text: String = comment
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|&c| matches!(c, '\n' | '\t') || !(c.is_control() || is_bidi(c)))
        .collect();
    text.split('\n')
        .map(|line| {
            line.strip_prefix(' ')
                .unwrap_or(line)
                .trim_end()
                .replace('\t', "    ")
        })
        .collect()
}

/// Characters that change the direction of the text around them, which rustc refuses.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}

/// What the lines before have opened.
#[derive(Debug, Default, PartialEq)]
enum Block {
    /// Text, or nothing yet.
    #[default]
    Text,
    /// Code between fences; the line that closes it.
    Fenced(String),
    /// Code that is set in, and is put between fences; blank lines that may be its end.
    Indented { blank: usize },
}

#[derive(Default)]
struct Writer {
    out: Vec<String>,
    block: Block,
    /// Whether a line that is set in would begin code here.
    fresh: bool,
}

/// Fences of our own are longer than those that may be in the code.
const FENCE: &str = "``````";

impl Writer {
    fn line(&mut self, line: &str) {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        match &mut self.block {
            Block::Fenced(end) => {
                if text.trim_end() == end {
                    self.out.push(FENCE.to_owned());
                    self.block = Block::Text;
                    self.fresh = true;
                } else {
                    self.code(line);
                }
            }
            Block::Indented { blank } if text.is_empty() => *blank += 1,
            Block::Indented { blank } if indent >= CODE_INDENT => {
                let blank = std::mem::take(blank);
                self.out.extend(std::iter::repeat_n(String::new(), blank));
                self.code(line.get(CODE_INDENT..).unwrap_or_default());
            }
            Block::Indented { blank } => {
                let blank = *blank;
                self.out.push(FENCE.to_owned());
                self.out.extend(std::iter::repeat_n(String::new(), blank));
                self.block = Block::Text;
                self.text(line, text, indent);
            }
            Block::Text => self.text(line, text, indent),
        }
    }

    fn text(&mut self, line: &str, text: &str, indent: usize) {
        if let Some(fence) = fence(text) {
            self.out.push(format!("{FENCE}text"));
            self.block = Block::Fenced(fence);
        } else if text.is_empty() {
            self.blank();
        } else if indent >= CODE_INDENT && (self.fresh || self.out.is_empty()) {
            self.out.push(format!("{FENCE}text"));
            self.block = Block::Indented { blank: 0 };
            self.code(line.get(CODE_INDENT..).unwrap_or_default());
        } else {
            self.out.push(" ".repeat(indent) + &escape(text));
            self.fresh = text.starts_with('#') || is_rule(text);
        }
    }

    /// Nothing stands before the first line.
    fn blank(&mut self) {
        if !self.out.is_empty() {
            self.out.push(String::new());
        }
        self.fresh = true;
    }

    /// A line between our own fences, which it cannot close.
    fn code(&mut self, line: &str) {
        self.out.push(line.replace(FENCE, ""));
    }

    fn finish(mut self) -> Vec<String> {
        if self.block != Block::Text {
            self.out.push(FENCE.to_owned());
        }
        while self.out.last().is_some_and(String::is_empty) {
            self.out.pop();
        }
        self.out
    }
}

/// The line that closes the fence which this line opens.
fn fence(text: &str) -> Option<String> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let len = text.chars().take_while(|&c| c == mark).count();
    let info = text.get(len..).unwrap_or_default();
    (len >= 3 && !(mark == '`' && info.contains('`'))).then(|| mark.to_string().repeat(len))
}

/// A line that ends a paragraph: a rule, or the underline of a heading.
fn is_rule(text: &str) -> bool {
    let mut chars = text.chars().filter(|c| !c.is_whitespace());
    let first = chars.next();
    matches!(first, Some('-' | '=' | '*' | '_')) && chars.all(|c| Some(c) == first)
}

/// Text in which brackets, angle brackets and single backticks stand for themselves, and addresses are
/// links.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = code_span(rest)
            .or_else(|| link(rest))
            .or_else(|| escaped(rest));
        if let Some(taken) = taken {
            out.push_str(taken);
            rest = rest.get(taken.len()..).unwrap_or_default();
        } else if let Some(address) = address(rest) {
            out.push('<');
            out.push_str(address);
            out.push('>');
            rest = rest.get(address.len()..).unwrap_or_default();
        } else {
            if matches!(c, '[' | ']' | '<' | '`') {
                out.push('\\');
            }
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// Code between backticks, where it is closed in the same line.
fn code_span(text: &str) -> Option<&str> {
    let len = text.chars().take_while(|&c| c == '`').count();
    let (ticks, rest) = text.split_at_checked(len).filter(|_| len > 0)?;
    let mut from = 0;
    loop {
        let start = from + rest.get(from..)?.find('`')?;
        let run = rest.get(start..)?.chars().take_while(|&c| c == '`').count();
        if run == len {
            return text.get(..ticks.len() + start + run);
        }
        from = start + run;
    }
}

/// A link to the web in Markdown's own form.
fn link(text: &str) -> Option<&str> {
    let label = text.strip_prefix('[')?;
    let close = label.find([']', '[', '<', '`'])?;
    let target = label.get(close..)?.strip_prefix("](")?;
    address(target)?;
    let end = target.find([')', ' '])?;
    target.get(end..)?.strip_prefix(')')?;
    text.get(..1 + close + 2 + end + 1)
}

/// A character that the comment escapes itself.
fn escaped(text: &str) -> Option<&str> {
    let next = text.strip_prefix('\\')?.chars().next()?;
    next.is_ascii_punctuation().then(|| text.get(..2)).flatten()
}

/// An address on the web.
fn address(text: &str) -> Option<&str> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let len = host
        .find(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | '>' | '<' | '"' | '`' | '\\'))
        .unwrap_or(host.len());
    let host = host
        .get(..len)?
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*']);
    let scheme = text.find("://")? + 3;
    (!host.is_empty())
        .then(|| text.get(..scheme + host.len()))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sanitized(comment: &str) -> String {
        sanitize(comment).join("\n")
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        let text = " Greets.\n\n - one\n   more of it\n - *two*, `a[0]` and 1 > 0\n";
        assert_eq!(
            sanitized(text),
            "Greets.\n\n- one\n  more of it\n- *two*, `a[0]` and 1 > 0"
        );
        assert_eq!(sanitized(""), "");
        assert_eq!(sanitized(" \n \n"), "");
    }

    #[test]
    fn code_is_never_a_test() {
        assert_eq!(
            sanitized(" Like:\n\n     let a = [1];\n\n     b\n\n Done."),
            "Like:\n\n``````text\nlet a = [1];\n\nb\n``````\n\nDone."
        );
        assert_eq!(
            sanitized("```rust\npanic!()\n```\nafter"),
            "``````text\npanic!()\n``````\nafter"
        );
        assert_eq!(sanitized("~~~\nopen"), "``````text\nopen\n``````");
        assert_eq!(
            sanitized("# Head\n\tcode"),
            "# Head\n``````text\ncode\n``````"
        );
    }

    #[test]
    fn brackets_and_html_stand_for_themselves() {
        assert_eq!(
            sanitized("[Foo][a.b.Foo] <p> a[0]"),
            r"\[Foo\]\[a.b.Foo\] \<p> a\[0\]"
        );
        assert_eq!(sanitized(r"\[x\] \d one ` tick"), r"\[x\] \d one \` tick");
        assert_eq!(sanitized("``a`b`` `c"), r"``a`b`` \`c");
    }

    #[test]
    fn addresses_are_links() {
        assert_eq!(
            sanitized("See https://a.b/c?d=e."),
            "See <https://a.b/c?d=e>."
        );
        assert_eq!(
            sanitized("<http://a.b> (http://c)"),
            r"\<<http://a.b>> (<http://c>)"
        );
        assert_eq!(sanitized("[text](https://a.b/c)"), "[text](https://a.b/c)");
        assert_eq!(sanitized("https://"), "https://");
    }

    #[test]
    fn characters_that_rustc_refuses_are_left_out() {
        assert_eq!(sanitized("a\u{202e}b\r\nc\rd\u{0}e\u{7f}"), "ab\nc\nde");
    }
}
