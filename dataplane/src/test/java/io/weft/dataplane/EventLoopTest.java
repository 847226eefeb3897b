package io.weft.dataplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Times and sockets as the conductor's loop serves them, with a clock of the test's. */
class EventLoopTest {
    private long now;
    private final List<String> done = new ArrayList<>();
    private final EventLoop loop = new EventLoop(() -> now);

    @AfterEach
    void close() {
        loop.close();
    }

    @Test
    void shouldRunActionsInTheOrderOfTheirTimesAndNotBefore() {
        loop.after(2_000_000, () -> done.add("second"));
        loop.after(1_000_000, () -> done.add("first"));
        loop.run(0);
        assertEquals(List.of(), done);
        now = 2_000_000;
        assertEquals(2, loop.run(0));
        assertEquals(List.of("first", "second"), done);
    }

    @Test
    void shouldRunEachActionOnceWhenOneOfThemFails() {
        loop.after(1, () -> done.add("before"));
        loop.after(2, () -> {
            done.add("failing");
            throw new IllegalStateException("as a test");
        });
        loop.after(3, () -> done.add("after"));
        now = 3;
        assertThrows(IllegalStateException.class, () -> loop.run(0));
        loop.run(0);
        loop.run(0);
        assertEquals(List.of("before", "failing", "after"), done);
    }

    @Test
    void shouldLeaveForTheNextTurnWhatAnActionAsksFor() {
        loop.after(0, () -> loop.after(0, () -> done.add("later")));
        loop.run(0);
        assertEquals(List.of(), done);
        loop.run(0);
        assertEquals(List.of("later"), done);
    }
}
