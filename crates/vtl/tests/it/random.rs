//! Random templates: from a grammar, to compare engines and to try the limits, and plain noise, which
//! must never do worse than fail.

use std::fmt::Write as _;

use proptest::prelude::*;
use vtl::{Limits, Options, Template};

use crate::oracle;

/// Writes templates from a grammar that touches most of the language.
pub(crate) struct Generator(u64);

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`, by the generator known as `SplitMix64`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn pick(&mut self, options: &[&str]) -> String {
        options[self.below(options.len())].to_owned()
    }

    pub(crate) fn template(&mut self) -> String {
        let mut out = String::new();
        for _ in 0..=self.below(5) {
            let piece = self.piece(3);
            out.push_str(&piece);
        }
        out
    }

    fn piece(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 4 } else { 17 }) {
            0 | 1 => self.pick(&[
                "a",
                " ",
                "\n",
                "  \n",
                "\t",
                "b c",
                "\\",
                "\\\\",
                "#",
                "# x",
                "$",
                "$ ",
                "$!",
                "1.5",
                "\"",
                "'",
                "{",
                "}",
                "(",
                ")",
                "[",
                "]",
                ".",
                "é",
                "## c\n",
                "#* c *#",
                "#[[ $n #if ]]#",
                "\\#if",
                "\\#foo",
                "#foo",
                "#nope(1)",
                "$[",
                "$.",
                "-",
                ",",
            ]),
            2 | 3 => self.reference(depth),
            4 => format!("#set({}{}){}", self.target(), self.assigned(depth), self.line_end()),
            5 | 6 => self.condition(depth),
            7 => format!(
                "#foreach($i in {}){}{}#end{}",
                self.items(depth),
                self.line_end(),
                self.piece(depth - 1),
                self.line_end()
            ),
            8 => format!(
                "#foreach($i in {})$i$foreach.count$velocityCount#if($foreach.hasNext),#end#end",
                self.items(depth)
            ),
            9 => format!("#define($block){}#end$block", self.piece(depth - 1)),
            10 => {
                format!("#macro(m $p){}$p#end#m({})", self.piece(depth - 1), self.argument(depth))
            }
            11 => format!("#evaluate(\"{}\")", self.inner_text()),
            12 => format!(
                "#macro(b $p)$bodyContent$!p#end#@b({}){}#end",
                self.argument(depth),
                self.piece(depth - 1)
            ),
            13 => self.pick(&["#literal()a $n #if($x)#end b#{end}", "#literal() $!{x} [1] #{end}"]),
            14 => format!(
                "#foreach($i in {})#foreach($j in {})$!foreach.parent.index$foreach.index$!foreach.last\
                 #if({})#break#end{}#end$!velocityHasNext#end",
                self.items(depth),
                self.items(depth),
                self.expression(1),
                self.reference(depth - 1)
            ),
            15 => self.pick(&[
                "#stop",
                "#break",
                "#set($foreach.x = 1)$!foreach.x",
                "#zz('a' $n)",
                "#{set}($x = 1)",
            ]),
            _ => format!("{}{}", self.piece(depth - 1), self.piece(depth - 1)),
        }
    }

    fn target(&mut self) -> String {
        self.pick(&[
            "$x",
            "$y",
            "$n",
            " $x",
            "$map.q",
            "$map['q']",
            "$list[0]",
            "$map.b.c",
            "$nope.x",
        ])
    }

    fn assigned(&mut self, depth: usize) -> String {
        format!("{}={}", self.pick(&["", " "]), self.expression(depth))
    }

    fn line_end(&mut self) -> String {
        self.pick(&["", "", "\n", "  \n", "\r\n", " "])
    }

    fn name(&mut self) -> String {
        self.pick(&[
            "name", "text", "csv", "n", "zero", "long", "d", "yes", "no", "list", "nulls", "empty",
            "map", "x", "y", "nope", "i",
        ])
    }

    fn reference(&mut self, depth: usize) -> String {
        let steps = if self.below(3) == 0 { self.steps(depth) } else { String::new() };
        let name = self.name();
        let before = self.pick(&["", "", "", "", "\\", "\\\\", "$", "#"]);
        match self.below(4) {
            0 => format!("{before}${{{name}{steps}}}"),
            1 => format!("{before}$!{name}{steps}"),
            2 => format!("{before}$!{{{name}{steps}}}"),
            _ => format!("{before}${name}{steps}"),
        }
    }

    fn steps(&mut self, depth: usize) -> String {
        let mut out = String::new();
        for _ in 0..=self.below(2) {
            let step = self.step(depth);
            out.push_str(&step);
        }
        out
    }

    fn step(&mut self, depth: usize) -> String {
        match self.below(5) {
            0 => self.pick(&[".a", ".b", ".c", ".none", ".list", ".empty", ".nope", ".q"]),
            1 => self.pick(&["[0]", "[1]", "[-1]", "['a']", "[\"b\"]", "[$n]", "[ 0 ]", "[9]"]),
            2 => self.pick(&[
                ".size()",
                ".isEmpty()",
                ".length()",
                ".toString()",
                ".trim()",
                ".toUpperCase()",
                ".intValue()",
                ".keySet()",
                ".values()",
                ".entrySet()",
                ".hashCode()",
                ".doubleValue()",
                ".nope()",
                ".toLowerCase()",
                ".longValue()",
            ]),
            3 => {
                let method = self.pick(&[
                    ".get(",
                    ".contains(",
                    ".indexOf(",
                    ".substring(",
                    ".equals(",
                    ".concat(",
                    ".charAt(",
                    ".startsWith(",
                    ".containsKey(",
                    ".remove(",
                    ".add(",
                    ".lastIndexOf(",
                    ".compareTo(",
                    ".endsWith(",
                    ".repeat(",
                    ".split(",
                    ".matches(",
                    ".equalsIgnoreCase(",
                    ".charAt(1).compareTo(",
                    ".containsAll(",
                    ".removeAll(",
                ]);
                format!("{method}{})", self.argument(depth))
            }
            _ => {
                let method = self.pick(&[
                    ".replace(",
                    ".replaceAll(",
                    ".put(",
                    ".set(",
                    ".getOrDefault(",
                    ".subList(",
                    ".replaceFirst(",
                ]);
                format!("{method}{}, {})", self.argument(depth), self.argument(depth))
            }
        }
    }

    fn argument(&mut self, depth: usize) -> String {
        if depth > 0 && self.below(4) == 0 {
            return format!("${}{}", self.name(), self.steps(depth - 1));
        }
        self.literal()
    }

    fn literal(&mut self) -> String {
        self.pick(&[
            "0",
            "1",
            "2",
            "-1",
            "3",
            "7",
            "1.5",
            "'a'",
            "'b'",
            "\"l\"",
            "'o'",
            "''",
            "\"\"",
            "true",
            "false",
            "\"$n\"",
            "\"x${name}y\"",
            "'$n'",
            "[]",
            "[1, 2]",
            "{}",
            "{'a': 1}",
            "[1..3]",
            "10000000000",
            "2147483647",
            "'[lo]+'",
            "'it''s'",
            "$text.charAt(0)",
            "'\\d+|[a-c&&[^b]]'",
            "'(?<=l)(.)'",
            "'$1'",
            "\"a\"\"b\"",
        ])
    }

    fn items(&mut self, depth: usize) -> String {
        match self.below(4) {
            0 => self.pick(&[
                "[1..3]",
                "[3..1]",
                "[$zero..2]",
                "[1, 'b', $n]",
                "[]",
                "{'k': 'v', 'l': 2}",
            ]),
            1 => self.pick(&[
                "$list",
                "$nulls",
                "$map",
                "$empty",
                "$csv.split(',')",
                "$nope",
                "$n",
                "$map.keySet()",
            ]),
            _ => self.argument(depth),
        }
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.argument(0);
        }
        match self.below(8) {
            0 | 1 => {
                let operator = self.pick(&["+", " + ", " - ", " * ", " / ", " % "]);
                format!("{}{operator}{}", self.expression(depth - 1), self.expression(depth - 1))
            }
            2 => {
                let operator = self
                    .pick(&["==", " == ", " != ", " < ", " <= ", " > ", " >= ", " eq ", " lt "]);
                format!("{}{operator}{}", self.argument(depth), self.argument(depth))
            }
            3 => {
                let operator = self.pick(&["&&", " && ", " || ", " and ", " or "]);
                format!("{}{operator}{}", self.expression(depth - 1), self.expression(depth - 1))
            }
            4 => format!("!{}", self.argument(depth)),
            5 => format!("({})", self.expression(depth - 1)),
            _ => self.argument(depth),
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        let mut out =
            format!("#if({}){}{}", self.expression(depth), self.line_end(), self.piece(depth - 1));
        if self.below(3) == 0 {
            let condition = self.expression(depth);
            write!(out, "#elseif({condition}){}", self.piece(depth - 1))
                .expect("a string takes all");
        }
        if self.below(2) == 0 {
            let word = self.pick(&["#else ", "#else\n", "#{else}"]);
            write!(out, "{word}{}", self.piece(depth - 1)).expect("a string takes all");
        }
        out + "#end" + &self.line_end()
    }

    fn inner_text(&mut self) -> String {
        self.pick(&[
            "$n",
            "a",
            "#if($yes)y#end",
            "#set($x = 4)$x",
            "$nope",
            "$name $!nope",
            "",
            "#foreach($q in [1..2])$q#end",
        ])
    }
}

fn small() -> Options {
    let limits =
        Limits { output_bytes: 1 << 16, steps: 200_000, value_bytes: 1 << 18, ..Limits::default() };
    Options { limits, ..Options::velocity_1_7() }
}

fn try_out(template: &str) {
    for options in [small(), Options { limits: small().limits, ..Options::api_gateway() }] {
        if let Ok(compiled) = Template::compile(template, &options)
            && let Ok(text) = compiled.render(&oracle::context())
        {
            assert!(text.len() <= options.limits.output_bytes);
        }
    }
}

proptest! {
    /// Any text at all compiles and renders, or fails.
    #[test]
    fn noise_does_no_harm(template in "\\PC{0,60}") {
        try_out(&template);
    }

    /// So does text of what means something.
    #[test]
    fn pieces_do_no_harm(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        try_out(&pieces.concat());
    }

    /// And templates that are right.
    #[test]
    fn templates_do_no_harm(seed in any::<u64>()) {
        try_out(&Generator::new(seed).template());
    }

    /// A pattern matches, does not, or is refused; whatever it is, it ends.
    #[test]
    fn patterns_end(pattern in "[ab.*+?()|\\[\\]^$\\\\{},0-9<=!:-]{0,16}", text in "[ab\n ]{0,24}") {
        let source = "$text.replaceAll($pattern, 'x') $text.matches($pattern) $text.split($pattern).size()";
        let template = Template::compile(source, &small()).expect("the template is right");
        let mut context = vtl::Context::new();
        context.set("text", text.into());
        context.set("pattern", pattern.into());
        let _ = template.render(&context);
    }

    /// JSON is read as it is written.
    #[test]
    fn json_reads_back(text in "\\PC{0,40}") {
        let json = vtl::Json::Array(vec![vtl::Json::Text(text.clone().into())]);
        let written = json.to_string();
        prop_assert_eq!(vtl::Json::parse(&written).expect("it is JSON").to_string(), json.to_string());
        let _ = vtl::Json::parse(&text);
    }
}

const PIECES: &[&str] = &[
    "$",
    "$!",
    "${",
    "}",
    "a",
    "foo",
    ".",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "'",
    "#",
    "##",
    "#*",
    "*#",
    "#[[",
    "]]#",
    "\\",
    "\n",
    " ",
    ",",
    ":",
    "{",
    "1",
    "..",
    "-",
    "+",
    "==",
    "=",
    "&&",
    "!",
    "true",
    "#if(",
    "#elseif(",
    "#else",
    "#end",
    "#set(",
    "#foreach(",
    "in",
    "#macro(",
    "#m(",
    "#@m(",
    "#define(",
    "#evaluate(",
    "#stop",
    "#break",
    "#literal()",
    "$list",
    "$map",
    "$n",
    "$i",
    "é",
    "\u{1f600}",
];
