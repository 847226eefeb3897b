package io.weft.dataplane.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Names and numbers of users and groups. */
class AccountsTest {
    @Test
    void shouldKnowWhoEveryHostHas() {
        assertEquals(0, Accounts.user("root"));
        assertEquals(0, Accounts.group("root"));
    }

    @Test
    void shouldTakeNumbersAsTheyAre() {
        assertEquals(4242, Accounts.user("4242"));
        assertEquals(4343, Accounts.group("4343"));
    }

    @Test
    void shouldSayWhenThereIsNobodyOfTheName() {
        assertEquals(Accounts.NONE, Accounts.user("nobody has this name"));
        assertEquals(Accounts.NONE, Accounts.group(""));
    }
}
