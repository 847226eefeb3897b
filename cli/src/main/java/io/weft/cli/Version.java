package io.weft.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {text()};
    }

    static String text() {
        final String version = Weft.class.getPackage().getImplementationVersion();
        return "weft " + (version == null ? "(not packaged)" : version) + ", Java "
                + System.getProperty("java.vm.version") + ", " + System.getProperty("os.name") + " "
                + System.getProperty("os.version");
    }
}
