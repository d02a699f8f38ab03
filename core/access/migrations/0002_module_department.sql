-- Departments, with all below them, that a module's features are for; none:
-- everybody. (access_module says whether it is on at all.)
CREATE TABLE access_module_department (
    module TEXT NOT NULL,
    department INTEGER NOT NULL,
    PRIMARY KEY (module, department)
) STRICT;
