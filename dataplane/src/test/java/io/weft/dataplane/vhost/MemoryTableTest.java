package io.weft.dataplane.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Regions that come and go one by one. */
class MemoryTableTest {
    @Test
    @Tag("H12")
    void shouldTakeTheSameRegionAgainAsNoChangeWhenTheFrontendSaysItForEachQueuePair() throws IOException {
        try (DeviceRig rig = new DeviceRig()) {
            rig.negotiate(DeviceRig.SPLIT);
            final int fd = rig.memory(DeviceRig.BYTES);
            final byte[] first = RawFrontend.words(0, DeviceRig.GUEST, DeviceRig.BYTES, DeviceRig.USER, 0);
            rig.frontend.send(Request.ADD_MEM_REG, first, fd);
            rig.frontend.send(Request.ADD_MEM_REG, first, fd);
            assertTrue(rig.device.isConnected());
            assertEquals("", String.join("\n", rig.handler.lines));

            rig.frontend.send(Request.REM_MEM_REG, first);
            rig.frontend.send(Request.REM_MEM_REG, first);
            assertTrue(rig.device.isConnected());
            assertEquals("", String.join("\n", rig.handler.lines));
        }
    }

    @Test
    @Tag("H12")
    void shouldRefuseARegionInThePlaceOfAnotherWhenItIsAnotherFile() throws IOException {
        try (DeviceRig rig = new DeviceRig()) {
            rig.negotiate(DeviceRig.SPLIT);
            rig.frontend.send(
                    Request.ADD_MEM_REG,
                    RawFrontend.words(0, DeviceRig.GUEST, DeviceRig.BYTES, DeviceRig.USER, 0),
                    rig.memory(DeviceRig.BYTES));
            rig.frontend.send(
                    Request.ADD_MEM_REG,
                    RawFrontend.words(0, DeviceRig.GUEST, DeviceRig.BYTES, DeviceRig.USER, 0),
                    rig.memory(DeviceRig.BYTES));
            assertFalse(rig.device.isConnected());
            assertTrue(rig.handler.ended.contains("overlap"), rig.handler.ended);
        }
    }
}
