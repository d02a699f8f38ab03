/*
 * process.h - texts of processes for tests: only what a test is about has to
 * be written.
 */
#ifndef TESTS_FLOW_PROCESS_H
#define TESTS_FLOW_PROCESS_H

#define HEAD                                                                   \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                             \
    "<b:definitions xmlns:b=\"http://www.omg.org/spec/BPMN/20100524/MODEL\""   \
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""                 \
    " xmlns:t=\"urn:tenon:flow:1\" targetNamespace=\"test\">"
#define PROCESS_AS(attributes, body)                                           \
    HEAD "<b:process " attributes ">\n" body "</b:process></b:definitions>"
#define PROCESS(body)                                                          \
    PROCESS_AS("id=\"p\" name=\"Test\" isExecutable=\"true\""                  \
               " t:form=\"request\"",                                          \
               body)

#define START "<b:startEvent id=\"start\"/>"
#define END "<b:endEvent id=\"end\"/>"
#define FLOW(id, from, to)                                                     \
    "<b:sequenceFlow id=\"" id "\" sourceRef=\"" from "\" targetRef=\"" to     \
    "\"/>"
#define IF(id, from, to, lua)                                                  \
    "<b:sequenceFlow id=\"" id "\" sourceRef=\"" from "\" targetRef=\"" to     \
    "\"><b:conditionExpression xsi:type=\"b:tFormalExpression\">" lua          \
    "</b:conditionExpression></b:sequenceFlow>"
#define WITH(words) "<b:extensionElements>" words "</b:extensionElements>"
#define USER(id, words)                                                        \
    "<b:userTask id=\"" id "\" name=\"" id "\">" WITH(words) "</b:userTask>"
#define BY(login) "<t:participant user=\"" login "\"/>"
#define ROLE(key) "<t:participant role=\"" key "\"/>"
#define SCRIPT(id, lua)                                                        \
    "<b:scriptTask id=\"" id "\" scriptFormat=\"lua\"><b:script>" lua          \
    "</b:script></b:scriptTask>"
#define SERVICE(id, name)                                                      \
    "<b:serviceTask id=\"" id "\" t:service=\"" name "\"/>"
#define XOR(id) "<b:exclusiveGateway id=\"" id "\"/>"
#define XOR_OR(id, flow)                                                       \
    "<b:exclusiveGateway id=\"" id "\" default=\"" flow "\"/>"
#define AND(id) "<b:parallelGateway id=\"" id "\"/>"

/* The least values of the form; processes of one and of two steps. */
#define X "{\"purpose\":\"x\"}"
#define ONE(words)                                                             \
    PROCESS(START END USER("a", words) FLOW("f", "start", "a")                 \
                FLOW("g", "a", "end"))
#define TWO                                                                    \
    PROCESS(START END USER("a", BY("li")) USER("b", ROLE("finance")) FLOW(     \
        "f", "start", "a") FLOW("g", "a", "b") FLOW("h", "b", "end"))

#endif
