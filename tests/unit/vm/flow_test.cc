// Jumps, subroutines, coroutines, subprograms and values do what the opcode table says.
#include "tests/unit/vm/support.h"

namespace perlite::vm {
namespace {

TEST(Flow, CountsInALoop) {
  MemoryHost host;
  Builder b;
  const int n = b.integer(0);
  const int limit = b.integer(3);
  const Label loop = b.here();
  b.emit(Opcode::AddImmediate, n, 1);
  b.emit(Opcode::ResultRow, n, 1);
  b.emit(Opcode::Lt, n, loop, limit);
  EXPECT_EQ(run(host, b.done()), (Rows{"1", "2", "3"}));
}

TEST(Flow, SubroutinesReturnBehindTheirCall) {
  MemoryHost host;
  Builder b;
  const int back = b.new_register();
  const Label subroutine = b.new_label();
  const int x = b.integer(5);
  b.emit(Opcode::Gosub, back, subroutine);
  b.emit(Opcode::Gosub, back, subroutine);
  b.emit(Opcode::ResultRow, x, 1);
  b.emit(Opcode::Halt);
  b.bind(subroutine);
  b.emit(Opcode::AddImmediate, x, 10);
  b.emit(Opcode::Return, back);
  EXPECT_EQ(run(host, b.done()), (Rows{"25"}));
}

TEST(Flow, CoroutinesYieldRowsUntilTheyEnd) {
  MemoryHost host;
  Builder b;
  const int co = b.new_register();
  const int value = b.new_register();
  const Label begin = b.new_label();
  const Label main = b.new_label();
  b.emit(Opcode::InitCoroutine, co, main, begin);
  b.bind(begin);
  b.emit(Opcode::Integer, 7, value);
  b.emit(Opcode::Yield, co);
  b.emit(Opcode::Integer, 8, value);
  b.emit(Opcode::Yield, co);
  b.emit(Opcode::EndCoroutine, co);
  b.bind(main);
  const Label end = b.new_label();
  const Label next = b.here();
  b.emit(Opcode::Yield, co, end);
  b.emit(Opcode::ResultRow, value, 1);
  b.emit(Opcode::Goto, 0, next);
  b.bind(end);
  // A coroutine that has ended says so again.
  const Label again = b.new_label();
  b.emit(Opcode::Yield, co, again);
  b.emit(Opcode::ResultRow, co, 1);
  b.bind(again);
  EXPECT_EQ(run(host, b.done()), (Rows{"7", "8"}));
}

TEST(Flow, OnceRunsOnceInEachRun) {
  MemoryHost host;
  Builder b;
  const int n = b.integer(0);
  const int m = b.integer(0);
  const int three = b.integer(3);
  const Label loop = b.here();
  const Label behind = b.new_label();
  b.emit(Opcode::Once, 0, behind);
  b.emit(Opcode::AddImmediate, m, 1);
  b.bind(behind);
  b.emit(Opcode::AddImmediate, n, 1);
  b.emit(Opcode::Lt, n, loop, three);
  b.emit(Opcode::ResultRow, m, 1);
  Execution execution(b.done(), host);
  EXPECT_EQ(run(execution), (Rows{"1"}));
  EXPECT_EQ(run(execution), (Rows{"1"}));
}

TEST(Flow, HaltWithAnErrorTellsCodeTextAndAction) {
  MemoryHost host;
  Builder b;
  b.emit(Opcode::Halt, static_cast<int>(Code::ConstraintUnique), static_cast<int>(catalog::ConflictAction::Fail))
      .p4(b.text("UNIQUE constraint failed: t.a"));
  Execution execution(b.done(), host);
  EXPECT_EQ(run(execution), (Rows{"error 2067: UNIQUE constraint failed: t.a"}));
  EXPECT_EQ(execution.conflict_action(), catalog::ConflictAction::Fail);
}

TEST(Flow, JumpsByValueAndNull) {
  MemoryHost host;
  Builder b;
  const int null = b.new_register();
  b.emit(Opcode::Null, 0, null);
  const int zero = b.integer(0);
  const int word = b.text_register("1abc");
  const auto probe = [&](Opcode opcode, int reg, int p3) {
    const Label yes = b.new_label();
    const int out = b.integer(0);
    const Label end = b.new_label();
    b.emit(opcode, reg, yes, p3);
    b.emit(Opcode::Goto, 0, end);
    b.bind(yes);
    b.emit(Opcode::Integer, 1, out);
    b.bind(end);
    b.emit(Opcode::ResultRow, out, 1);
  };
  probe(Opcode::If, null, 0);
  probe(Opcode::If, null, 1);
  probe(Opcode::If, word, 0);
  probe(Opcode::IfNot, zero, 0);
  probe(Opcode::IfNot, null, 1);
  probe(Opcode::IsNull, zero, 1);
  probe(Opcode::NotNull, zero, 0);
  probe(Opcode::IsNull, null, 1);
  EXPECT_EQ(run(host, b.done()), (Rows{"0", "1", "1", "1", "1", "0", "1", "1"}));
}

TEST(Flow, JumpTableFallsThroughOutsideItsRange) {
  MemoryHost host;
  for (const int selected : {-1, 0, 1, 2}) {
    Builder b;
    const int reg = b.integer(selected);
    const Label targets[2] = {b.new_label(), b.new_label()};
    const int out = b.new_register();
    const Label end = b.new_label();
    b.emit(Opcode::JumpTable, reg, 2).p4_jumps(b.jump_table(targets));
    b.emit(Opcode::Integer, -5, out);
    b.emit(Opcode::Goto, 0, end);
    b.bind(targets[0]);
    b.emit(Opcode::Integer, 10, out);
    b.emit(Opcode::Goto, 0, end);
    b.bind(targets[1]);
    b.emit(Opcode::Integer, 20, out);
    b.bind(end);
    b.emit(Opcode::ResultRow, out, 1);
    EXPECT_EQ(run(host, b.done()), (Rows{selected == 0 ? "10" : selected == 1 ? "20" : "-5"}));
  }
}

TEST(Flow, CountersDecreaseAsTheTableSays) {
  MemoryHost host;
  Builder b;
  const int n = b.integer(2);
  const Label zero = b.new_label();
  const Label loop = b.here();
  b.emit(Opcode::DecrementJumpZero, n, zero);
  b.emit(Opcode::ResultRow, n, 1);
  b.emit(Opcode::Goto, 0, loop);
  b.bind(zero);
  const int m = b.integer(5);
  const Label positive = b.new_label();
  b.emit(Opcode::IfPositive, m, positive, 3);
  b.emit(Opcode::Halt);
  b.bind(positive);
  const Label not_zero = b.new_label();
  b.emit(Opcode::IfNotZero, m, not_zero);
  b.emit(Opcode::Halt);
  b.bind(not_zero);
  b.emit(Opcode::ResultRow, m, 1);
  const int limit = b.integer(-1);
  const int offset = b.integer(4);
  const int sum = b.new_register();
  b.emit(Opcode::OffsetLimit, limit, sum, offset);
  b.emit(Opcode::ResultRow, sum, 1);
  b.emit(Opcode::MaxImmediate, limit, offset);
  b.emit(Opcode::OffsetLimit, limit, sum, offset);
  b.emit(Opcode::ResultRow, sum, 1);
  EXPECT_EQ(run(host, b.done()), (Rows{"1", "1", "-1", "8"}));
}

TEST(Flow, MustBeIntConvertsOrRefuses) {
  MemoryHost host;
  Builder b;
  const int good = b.text_register(" 12.0 ");
  b.emit(Opcode::MustBeInt, good);
  b.emit(Opcode::ResultRow, good, 1);
  const int bad = b.real(1.5);
  const Label no = b.new_label();
  b.emit(Opcode::MustBeInt, bad, no);
  b.emit(Opcode::Halt);
  b.bind(no);
  b.emit(Opcode::MustBeInt, bad);
  EXPECT_EQ(run(host, b.done()), (Rows{"12", "error 20: datatype mismatch"}));
}

struct Calculation {
  Opcode opcode;
  const char* left;
  const char* right;
  const char* result;  // as the stock library answers
};

TEST(Values, OperatorsFollowTheStockLibrary) {
  // i integer, r real, t text, n null
  const Calculation cases[] = {
      {Opcode::Add, "i1", "i2", "3"},
      {Opcode::Add, "i9223372036854775807", "i1", "9.2233720368547758e+18"},
      {Opcode::Add, "t3x", "r0.5", "3.5"},
      {Opcode::Add, "n", "i1", "NULL"},
      {Opcode::Subtract, "i-9223372036854775808", "i1", "-9.2233720368547758e+18"},
      {Opcode::Multiply, "i4611686018427387904", "i2", "9.2233720368547758e+18"},
      {Opcode::Multiply, "t2", "t3", "6"},
      {Opcode::Divide, "i7", "i2", "3"},
      {Opcode::Divide, "i7", "i0", "NULL"},
      {Opcode::Divide, "r7", "i2", "3.5"},
      {Opcode::Divide, "i-9223372036854775808", "i-1", "9.2233720368547758e+18"},
      {Opcode::Remainder, "i7", "i3", "1"},
      {Opcode::Remainder, "r7.9", "i3", "1.0"},
      {Opcode::Remainder, "i-7", "i3", "-1"},
      {Opcode::Remainder, "i7", "r0.5", "NULL"},
      {Opcode::Remainder, "i-9223372036854775808", "i-1", "0"},
      {Opcode::Concat, "ta", "i5", "a5"},
      {Opcode::Concat, "n", "ta", "NULL"},
      {Opcode::Concat, "i1", "r2.5", "12.5"},
      {Opcode::BitAnd, "i6", "i3", "2"},
      {Opcode::BitOr, "t6", "i1", "7"},
      {Opcode::ShiftLeft, "i1", "i4", "16"},
      {Opcode::ShiftLeft, "i-16", "i-2", "-4"},
      {Opcode::ShiftLeft, "i1", "i64", "0"},
      {Opcode::ShiftRight, "i-1", "i70", "-1"},
      {Opcode::ShiftRight, "i5", "i-1", "10"},
      {Opcode::ShiftRight, "i-8", "i1", "-4"},
      {Opcode::And, "n", "i0", "0"},
      {Opcode::And, "n", "i1", "NULL"},
      {Opcode::And, "t1", "i2", "1"},
      {Opcode::Or, "n", "i1", "1"},
      {Opcode::Or, "n", "i0", "NULL"},
      {Opcode::Or, "t0", "i0", "0"},
  };
  for (const Calculation& c : cases) {
    MemoryHost host;
    Builder b;
    const auto operand = [&](const char* text) {
      switch (*text) {
        case 'i':
          return b.integer(std::stoll(text + 1));
        case 'r':
          return b.real(std::stod(text + 1));
        case 't':
          return b.text_register(text + 1);
        default: {
          const int reg = b.new_register();
          b.emit(Opcode::Null, 0, reg);
          return reg;
        }
      }
    };
    const int left = operand(c.left);
    const int right = operand(c.right);
    const int out = b.new_register();
    b.emit(c.opcode, left, right, out);
    b.emit(Opcode::ResultRow, out, 1);
    EXPECT_EQ(run(host, b.done()), (Rows{c.result})) << opcode_info(c.opcode).name << c.left << " " << c.right;
  }
}

TEST(Values, UnaryOperators) {
  MemoryHost host;
  Builder b;
  const int out = b.new_registers(8);
  const int five = b.integer(5);
  const int smallest = b.integer(INT64_MIN);
  const int null = b.new_register();
  b.emit(Opcode::Null, 0, null);
  b.emit(Opcode::Not, five, out);
  b.emit(Opcode::BitNot, five, out + 1);
  b.emit(Opcode::Negate, five, out + 2);
  b.emit(Opcode::Negate, smallest, out + 3);
  b.emit(Opcode::Not, null, out + 4);
  b.emit(Opcode::IsNullValue, null, out + 5);
  b.emit(Opcode::Truth, five, out + 6, 0).p5(1);  // IS FALSE
  b.emit(Opcode::Truth, null, out + 7, 1).p5(1);  // IS NOT TRUE
  b.emit(Opcode::ResultRow, out, 8);
  EXPECT_EQ(run(host, b.done()), (Rows{"0|-6|-5|9.2233720368547758e+18|NULL|1|0|1"}));
}

TEST(Values, CopiesMovesAndAliases) {
  MemoryHost host;
  Builder b;
  const int from = b.new_registers(3);
  b.emit(Opcode::Constant, 0, from).p4(b.text("abc"));
  b.emit(Opcode::Integer, 2, from + 1);
  b.emit(Opcode::Int64, 0, from + 2).p4(std::int64_t{1} << 40);
  const int to = b.new_registers(3);
  b.emit(Opcode::Copy, from, to, 2);
  b.emit(Opcode::ResultRow, to, 3);
  b.emit(Opcode::Move, from, from + 1, 2);  // overlapping
  b.emit(Opcode::ResultRow, from, 3);
  b.emit(Opcode::Alias, from + 1, to);
  b.emit(Opcode::ResultRow, to, 1);
  b.emit(Opcode::Cast, to + 1, 'B');
  b.emit(Opcode::RealAffinity, to + 2);
  b.emit(Opcode::ResultRow, to, 3);
  b.emit(Opcode::Affinity, to + 1, 1).p4_affinities(b.affinities("D"));
  const int sum = b.new_register();
  b.emit(Opcode::Add, to + 1, to + 1, sum);
  b.emit(Opcode::ResultRow, sum, 1);
  b.emit(Opcode::Noop);
  b.emit(Opcode::Explain, 1, 0).p4(b.text("SCAN t"));
  EXPECT_EQ(run(host, b.done()), (Rows{"abc|2|1099511627776", "NULL|abc|2", "abc", "abc|2|1099511627776.0", "4"}));
}

TEST(Values, ParametersAreBoundAndRowsTerminated) {
  MemoryHost host;
  Builder b;
  b.program().parameter_count = 2;
  const int r = b.new_registers(2);
  b.emit(Opcode::Variable, 1, r);
  b.emit(Opcode::Variable, 2, r + 1);
  b.emit(Opcode::ResultRow, r, 2);
  Execution execution(b.done(), host);
  const std::string text = "hello, world";
  execution.bindings()[0].set_text_borrowed(std::string_view(text).substr(0, 5));
  execution.bindings()[1].set_zero_blob(9);
  EXPECT_EQ(run(execution), (Rows{"hello|zeros(9)"}));
  auto step = execution.step();
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(std::string(execution.row()[0].data), "hello");
  execution.reset();
  execution.clear_bindings();
  EXPECT_EQ(run(execution), (Rows{"NULL|NULL"}));
}

struct Comparison {
  Opcode opcode;
  unsigned p5;
  const char* result;
};

TEST(Values, ComparisonsKnowNullAffinityAndCollation) {
  const auto compare = [](Opcode opcode, const char* left, const char* right, unsigned p5,
                          const record::Collation* collation = nullptr) {
    MemoryHost host;
    Builder b;
    const auto operand = [&](const char* text) {
      if (*text == 'n') {
        const int reg = b.new_register();
        b.emit(Opcode::Null, 0, reg);
        return reg;
      }
      return *text == 't' ? b.text_register(text + 1) : b.integer(std::stoll(text + 1));
    };
    const int a = operand(left);
    const int c = operand(right);
    const int out = b.new_register();
    auto emitted = b.emit(opcode, a, out, c).p5(p5 | kStore);
    if (collation != nullptr) emitted.p4(collation);
    b.emit(Opcode::ResultRow, out, 1);
    return run(host, b.done()).front();
  };
  EXPECT_EQ(compare(Opcode::Eq, "i1", "t1", 0), "0");
  EXPECT_EQ(compare(Opcode::Eq, "i1", "t1", 'C'), "1");
  EXPECT_EQ(compare(Opcode::Lt, "i9", "i10", 'B'), "0");
  EXPECT_EQ(compare(Opcode::Lt, "i9", "i10", 0), "1");
  EXPECT_EQ(compare(Opcode::Eq, "n", "n", 0), "NULL");
  EXPECT_EQ(compare(Opcode::Eq, "n", "n", kNullEqual), "1");
  EXPECT_EQ(compare(Opcode::Ne, "n", "i1", kNullEqual), "1");
  EXPECT_EQ(compare(Opcode::Gt, "i1", "n", kNullEqual), "1");
  EXPECT_EQ(compare(Opcode::Eq, "tAbc", "taBC", 0), "0");
  EXPECT_EQ(compare(Opcode::Eq, "tAbc", "taBC", 0, &record::nocase_collation()), "1");
  EXPECT_EQ(compare(Opcode::Ge, "t5", "i7", 0), "1");
  EXPECT_EQ(compare(Opcode::Le, "t5", "i7", 'C'), "1");
}

TEST(Values, CompareAndJumpCompareFollowTheKey) {
  MemoryHost host;
  const record::KeyField fields[] = {ascending(), descending()};
  for (const int second : {1, 2, 3}) {
    Builder b;
    const int a = b.new_registers(2);
    b.emit(Opcode::Integer, 1, a);
    b.emit(Opcode::Integer, second, a + 1);
    const int c = b.new_registers(2);
    b.emit(Opcode::Integer, 1, c);
    b.emit(Opcode::Integer, 2, c + 1);
    const int out = b.new_register();
    const Label less = b.new_label();
    const Label equal = b.new_label();
    const Label greater = b.new_label();
    const Label end = b.new_label();
    b.emit(Opcode::Compare, a, c, 2).p4(b.key(fields));
    b.emit(Opcode::JumpCompare, less, equal, greater);
    b.bind(less);
    b.emit(Opcode::Constant, 0, out).p4(b.text("less"));
    b.emit(Opcode::Goto, 0, end);
    b.bind(equal);
    b.emit(Opcode::Constant, 0, out).p4(b.text("equal"));
    b.emit(Opcode::Goto, 0, end);
    b.bind(greater);
    b.emit(Opcode::Constant, 0, out).p4(b.text("greater"));
    b.bind(end);
    b.emit(Opcode::ResultRow, out, 1);
    EXPECT_EQ(run(host, b.done()), (Rows{second == 1 ? "greater" : second == 2 ? "equal" : "less"}));
  }
}

TEST(Functions, AreCalledWithArgumentsAndMayFail) {
  MemoryHost host;
  FunctionDef twice{"twice", 1};
  twice.scalar = [](FunctionContext& c, int, record::Value* v) { c.result.set_integer(v->integer * 2); };
  FunctionDef fails{"fails", 0};
  fails.scalar = [](FunctionContext& c, int, record::Value*) { c.fail("no luck"); };
  FunctionDef big{"big", 0};
  big.scalar = [](FunctionContext& c, int, record::Value*) { c.result.set_zero_blob(2000); };
  Builder b;
  const int x = b.integer(21);
  b.emit(Opcode::Function, 0, x, x).p4(b.call(twice, nullptr, 1)).p5(1);
  b.emit(Opcode::ResultRow, x, 1);
  b.emit(Opcode::Function, 0, x, x).p4(b.call(fails, nullptr, 0)).p5(0);
  EXPECT_EQ(run(host, b.done()), (Rows{"42", "error 1: no luck"}));

  host.length_limit_value = 1000;
  Builder c;
  const int y = c.new_register();
  c.emit(Opcode::Function, 0, 0, y).p4(c.call(big, nullptr, 0)).p5(0);
  EXPECT_EQ(run(host, c.done()).front().substr(0, 8), "error 18");
}

TEST(Functions, AuxiliaryDataStaysForConstantArguments) {
  MemoryHost host;
  static int made = 0;
  static int destroyed = 0;
  made = destroyed = 0;
  FunctionDef keeps{"keeps", 1};
  keeps.scalar = [](FunctionContext& c, int, record::Value*) {
    if (c.auxiliary_data(0) == nullptr) {
      ++made;
      c.auxiliary->set(c.call_site, 0, &made, [](void*) { ++destroyed; });
    }
    c.result.set_integer(made);
  };
  for (const int constant : {1, 0}) {
    Builder b;
    const int x = b.integer(0);
    const int out = b.new_register();
    const int three = b.integer(3);
    const Label loop = b.here();
    b.emit(Opcode::Function, constant, x, out).p4(b.call(keeps, nullptr, 1)).p5(1);
    b.emit(Opcode::AddImmediate, x, 1);
    b.emit(Opcode::Lt, x, loop, three);
    b.emit(Opcode::ResultRow, out, 1);
    EXPECT_EQ(run(host, b.done()), (Rows{constant == 1 ? "1" : "4"}));
  }
  EXPECT_EQ(made, 4);
  EXPECT_EQ(destroyed, 4);
}

TEST(Functions, AggregatesEndOnceOnEveryPath) {
  MemoryHost host;
  const FunctionDef join = join_function();
  const FunctionDef count = count_function();
  const FunctionDef max = max_function();
  Builder b;
  const int state = b.new_registers(3);
  const int out = b.new_registers(3);
  b.emit(Opcode::AggregateFinal, state + 1, out + 1).p4(b.call(count, nullptr, 0));  // no rows
  b.emit(Opcode::ResultRow, out + 1, 1);
  const int x = b.integer(1);
  const int best = b.integer(0);
  const int key = b.new_register();
  const int three = b.integer(3);
  const Label loop = b.here();
  b.emit(Opcode::AggregateStep, state, x).p4(b.call(join, nullptr, 1)).p5(1);
  b.emit(Opcode::AggregateStep, state + 1, x).p4(b.call(count, nullptr, 0)).p5(0);
  // The greatest of -(x-2)^2 is at x=2.
  b.emit(Opcode::Copy, x, key);
  b.emit(Opcode::AddImmediate, key, -2);
  b.emit(Opcode::Multiply, key, key, key);
  b.emit(Opcode::Negate, key, key);
  b.emit(Opcode::AggregateStep, state + 2, key).p4(b.call(max, nullptr, 1)).p5(1);
  const Label kept = b.new_label();
  b.emit(Opcode::IfNotTaken, 0, kept);
  b.emit(Opcode::Copy, x, best);
  b.bind(kept);
  b.emit(Opcode::AddImmediate, x, 1);
  b.emit(Opcode::Le, x, loop, three);
  b.emit(Opcode::AggregateFinal, state, out).p4(b.call(join, nullptr, 1));
  b.emit(Opcode::AggregateFinal, state + 1, out + 1).p4(b.call(count, nullptr, 0));
  b.emit(Opcode::Copy, best, out + 2);
  b.emit(Opcode::ResultRow, out, 3);
  // Begun again and given up.
  b.emit(Opcode::AggregateStep, state, x).p4(b.call(join, nullptr, 1)).p5(1);
  b.emit(Opcode::Halt, 1);
  EXPECT_EQ(run(host, b.done()), (Rows{"0", "1,2,3|3|2", "error 1: SQL logic error"}));
  EXPECT_EQ(joins_alive, 0);
}

TEST(Functions, WindowAccumulatorsGoBack) {
  MemoryHost host;
  FunctionDef sum = sum_function();
  struct Sum {
    std::int64_t sum;
    std::int64_t count;
  };
  sum.inverse = [](FunctionContext& c, int, record::Value* v) { c.state_as<Sum>().sum -= v->integer; };
  sum.value = [](FunctionContext& c) { c.result.set_integer(c.state_as<Sum>().sum); };
  Builder b;
  const int state = b.new_register();
  const int out = b.new_register();
  const int five = b.integer(5);
  const int two = b.integer(2);
  const FunctionCall* call = b.call(sum, nullptr, 1);
  b.emit(Opcode::AggregateStep, state, five).p4(call).p5(1);
  b.emit(Opcode::AggregateStep, state, two).p4(call).p5(1);
  b.emit(Opcode::AggregateValue, state, out).p4(call);
  b.emit(Opcode::ResultRow, out, 1);
  b.emit(Opcode::AggregateInverse, state, five).p4(call).p5(1);
  b.emit(Opcode::AggregateValue, state, out).p4(call);
  b.emit(Opcode::ResultRow, out, 1);
  EXPECT_EQ(run(host, b.done()), (Rows{"7", "2"}));
}

// A trigger sees the window of its caller, may end itself by RAISE(IGNORE), and its counts stay its own.
TEST(Subprograms, RunOnTheirOwnFrame) {
  MemoryHost host;
  Builder inner;
  const int x = inner.new_register();
  inner.emit(Opcode::Parameter, 1, x);
  const int two = inner.integer(2);
  const Label go = inner.new_label();
  inner.emit(Opcode::Ne, x, go, two);
  inner.emit(Opcode::Halt, 0, static_cast<int>(catalog::ConflictAction::Ignore));
  inner.bind(go);
  inner.emit(Opcode::ForeignKeyCounter, 0, 1);
  ProgramRef trigger = inner.done();

  Builder b;
  const int window = b.new_registers(2);
  b.emit(Opcode::Null, 0, window, 1);
  const int n = window + 1;
  b.emit(Opcode::Integer, 0, n);
  const int three = b.integer(3);
  const Program* subprogram = b.add_subprogram(trigger);
  const Label loop = b.here();
  b.emit(Opcode::AddImmediate, n, 1);
  const Label ignored = b.new_label();
  b.emit(Opcode::Subprogram, window, ignored).p4(subprogram);
  b.emit(Opcode::ResultRow, n, 1);
  b.bind(ignored);
  b.emit(Opcode::Lt, n, loop, three);
  const Label none = b.new_label();
  b.emit(Opcode::ForeignKeyIfZero, 0, none);
  b.emit(Opcode::Halt, static_cast<int>(Code::ConstraintForeignKey));
  b.bind(none);
  EXPECT_EQ(run(host, b.done()), (Rows{"1", "3", "error 787: constraint failed"}));
}

TEST(Subprograms, DepthIsLimited) {
  MemoryHost host;
  host.triggers_recurse = true;
  // A program that calls itself, as a recursive trigger does.
  Builder inner;
  const int x = inner.new_register();
  inner.emit(Opcode::Null, 0, x);
  const int call = inner.emit(Opcode::Subprogram, x, 0).p4(static_cast<const Program*>(nullptr)).address();
  inner.at(call).p4.subprogram = &inner.program();
  const ProgramRef program = inner.done();
  EXPECT_EQ(run(host, program), (Rows{"error 1: too many levels of trigger recursion"}));
}

TEST(Budget, LoopsEndWhenInterrupted) {
  MemoryHost host;
  host.the_budget.set_progress(
      100, [](void*) { return 1; }, nullptr);
  Builder b;
  const Label loop = b.here();
  b.emit(Opcode::Goto, 0, loop);
  EXPECT_EQ(run(host, b.done()), (Rows{"error 9: interrupted"}));
}

// Programs are verified in debug builds only.
#ifdef PERLITE_DEBUG
TEST(Verifier, FindsWhatCodegenGotWrong) {
  const auto finish = [](auto build) {
    Builder b;
    build(b);
    auto result = b.finish();
    return result.ok() ? std::string() : std::string(result.status().message());
  };
  EXPECT_NE(finish([](Builder& b) { b.emit(Opcode::Goto, 0, b.new_label()); }), "");
  EXPECT_NE(finish([](Builder& b) { b.emit(Opcode::ResultRow, b.new_register(), 1); }), "");
  EXPECT_NE(finish([](Builder& b) {
              b.emit(Opcode::ResultRow, b.new_register(), 1);
              b.emit(Opcode::Halt);
            }),
            "");
  EXPECT_NE(finish([](Builder& b) {
              b.emit(Opcode::Column, b.new_cursor(), 0, b.new_register());
              b.emit(Opcode::Halt);
            }),
            "");
  EXPECT_EQ(finish([](Builder& b) {
              b.emit(Opcode::ResultRow, b.integer(1), 1);
              b.emit(Opcode::Halt);
            }),
            "");
}

#endif

TEST(Disassembler, PrintsOperandsAndComments) {
  Builder b;
  const int r = b.text_register("hi");
  b.emit(Opcode::ResultRow, r, 1);
  b.plan_line(0, "SCAN t");
  const ProgramRef program = b.done();
  EXPECT_EQ(disassembled_count(*program), 5);
  const DisassembledLine line = disassemble(*program, 1);
  EXPECT_STREQ(line.opcode, "Constant");
  EXPECT_EQ(line.p4, "hi");
  EXPECT_EQ(line.comment, "r[1]=hi");
  ASSERT_EQ(program->plan.size(), 1u);
  EXPECT_EQ(program->plan[0].detail, "SCAN t");
}

TEST(Builder, ReusesTemporariesAndConstants) {
  Builder b;
  const int a = b.temporaries(3);
  b.release(a, 3);
  EXPECT_EQ(b.temporaries(2), a);
  EXPECT_EQ(b.temporary(), a + 2);
  EXPECT_EQ(b.text("x"), b.text("x"));
  EXPECT_NE(b.text("x"), b.blob("x"));
}

TEST(Builder, TextIsInTheEncodingOfTheDatabase) {
  MemoryHost host;
  Builder b(TextEncoding::Utf16le);
  const int r = b.text_register("h\xc3\xa9");
  const int s = b.text_register("!");
  b.emit(Opcode::Concat, r, s, r);
  b.emit(Opcode::ResultRow, r, 1);
  Execution execution(b.done(), host);
  auto step = execution.step();
  ASSERT_TRUE(step.ok());
  const record::Value& value = execution.row()[0];
  EXPECT_EQ(value.encoding, TextEncoding::Utf16le);
  EXPECT_EQ(value.size, 6u);
  EXPECT_EQ(text_of(value), "h\xc3\xa9!");
}

}  // namespace
}  // namespace perlite::vm
